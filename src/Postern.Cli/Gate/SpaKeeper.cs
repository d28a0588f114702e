using System.Collections.Immutable;
using System.Net.Sockets;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Keys;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;
using Postern.Warden;

namespace Postern.Cli.Gate;

/// <summary>What single packets need for as long as the gate runs: its keys, and an eye on the file of who may come in.</summary>
internal sealed class SpaKeeper : IDisposable
{
    private readonly GateKey _key;
    private readonly OuterKey _outerKey;
    private readonly KeysWatch? _watch;

    private SpaKeeper(GateKey key, KeysWatch? watch, ImmutableArray<Socket> receipts)
    {
        (_key, _outerKey, _watch) = (key, key.Secret.DeriveOuterKey(), watch);
        Receipts = new(_outerKey, receipts);
    }

    public ReceiptPost Receipts { get; }

    public SpaOptions ForWarden(SpaSettings settings) => settings.ForWarden(_key.Pair.Public.GateId);

    /// <summary>With a seed of its own each time: nobody can have learnt it.</summary>
    public SpaWatchOptions ForSentry(SpaSettings settings)
    {
        return new(_outerKey, _key.Pair, Chance.Seed())
        {
            UdpPorts = Of(Transport.Udp),
            TcpPorts = Of(Transport.Tcp),
            MovingPorts = settings.MovingPorts,
            Echo = settings.Echo,
        };

        ImmutableArray<FilterPorts> Of(Transport transport) => [.. settings.Of(transport).Select(p => new FilterPorts(p.First, p.Last))];
    }

    /// <param name="settings">Where the files are.</param>
    /// <param name="keysChanged">Called, on any thread, when the file of keys may have changed.</param>
    /// <param name="receiptSockets">As <see cref="ReceiptPost"/> takes them.</param>
    /// <exception cref="CommandFailure">A secret is readable by others, or damaged, or not there: which, and the mend.</exception>
    public static SpaKeeper Open(SpaSettings settings, Action keysChanged, ImmutableArray<Socket> receiptSockets) =>
        Open(settings, () => new(settings.AuthorizedKeysFile, keysChanged), receiptSockets);

    /// <summary>For who only reads what others have recorded: it watches no file and answers nobody.</summary>
    /// <exception cref="CommandFailure">As above.</exception>
    public static SpaKeeper OpenToRead(SpaSettings settings) => Open(settings, () => null, []);

    private static SpaKeeper Open(SpaSettings settings, Func<KeysWatch?> watch, ImmutableArray<Socket> receiptSockets)
    {
        GateKey? key = null;
        try
        {
            key = GateKeyFile.Read(settings.KeyFile);
            return new(key, watch(), receiptSockets);
        }
        catch (Exception e)
        {
            key?.Dispose();
            throw e switch
            {
                GateKeyException k => CommandFailure.Usage(k.Message, k.Hint),
                MissingSodiumException s => new CommandFailure(ExitCode.Unsupported, s.Message, s.Hint, s),
                _ => e,
            };
        }
    }

    public void Dispose()
    {
        _watch?.Dispose();
        _outerKey.Dispose();
        _key.Dispose();
    }
}
