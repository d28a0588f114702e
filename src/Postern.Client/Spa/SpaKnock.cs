using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Postern.Knocks.Sequences;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Client.Spa;

/// <summary>
/// Single packet authorization: every round is one signed request, sent in a few copies against loss, and the next round a new request over the next carrier.
/// Each address that is knocked at gets requests of its own, because the gate opens to the address that it sees.
/// </summary>
/// <param name="scribe">Writes the requests.</param>
/// <param name="carriers">The preferred one first.</param>
public sealed class SpaKnock(SpaScribe scribe, ImmutableArray<Carrier> carriers) : IKnockMethod
{
    /// <summary>spec/spa.md §6: at most three copies.</summary>
    private const int Copies = 3;

    /// <summary>Where the port moves: which time step's a round takes. The gate takes three; a clock may be off by more.</summary>
    private static readonly int[] Turns = [0, 0, 1, -1];

    // Tuning. Losses come in bursts of some tens of milliseconds. Where there is only one round, its copies have to last.
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan Wide = TimeSpan.FromMilliseconds(400);

    /// <summary>Who is to come in, knocking at this address; null: the source of the packet.</summary>
    public Func<IPAddress, CancellationToken, Task<Address>>? AddressFor { get; init; }

    /// <summary>From which port the connection to this address will come; null: any.</summary>
    public Func<IPAddress, ushort>? SourcePortFor { get; init; }

    public int Packets => Copies;

    public TimeSpan? Gap => IsOnce ? Wide : Usual;

    /// <summary>A key that has to be touched is not asked for again.</summary>
    public bool IsOnce => scribe.IsTouched;

    public bool IsAnswered => scribe.Wish.Receipt && carriers.Any(c => c.Kind == CarrierKind.Udp);

    public async Task<KnockLetter> WriteAsync(IPAddress target, KnockRound round, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(target);
        var carrier = CarrierFor(target.AddressFamily, round.Number);
        var address = AddressFor is null ? Address.None : await AddressFor(target, cancellation);
        var sourcePort = SourcePortFor?.Invoke(target) ?? 0;
        var letter = await Task.Run(() => scribe.Write(address, sourcePort), cancellation).WaitAsync(cancellation);
        return new(MessagesOf(letter, carrier, round))
        {
            Answer = letter.ReceiptKey is null ? null : packet => Open(letter, packet),
            AnswerKey = letter.ReceiptKey,
        };
    }

    /// <summary>The one whose turn it is, or the next that can be used from here.</summary>
    private Carrier CarrierFor(AddressFamily family, int round)
    {
        KnockException? why = null;
        for (var i = 0; i < carriers.Length; i++)
        {
            var carrier = carriers[(round + i) % carriers.Length];
            if (PacketSender.WhyNot(KindOf(carrier), family) is not { } fault)
                return carrier;
            why ??= fault;
        }

        throw why!;
    }

    private ImmutableArray<KnockMessage> MessagesOf(SpaLetter letter, Carrier carrier, KnockRound round)
    {
        var value = carrier.Kind == CarrierKind.Icmp ? (ushort)letter.Packet.Length : PortOf(carrier, round.Number);
        return [.. Enumerable.Range(0, Copies).Select(i =>
            new KnockMessage(new(KindOf(carrier), value, i == 0 ? TimeSpan.Zero : round.Gap), letter.Packet) { IsCopy = i > 0 })];
    }

    private ushort PortOf(Carrier carrier, int round) => carrier.Moving is { } moving
        ? moving.PortAt(scribe.Gate.OuterKey, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), Turns[round % Turns.Length])
        : carrier.Port;

    private static StepKind KindOf(Carrier carrier) => carrier.Kind switch
    {
        CarrierKind.Udp => StepKind.Udp,
        CarrierKind.Tcp => StepKind.Tcp,
        _ => StepKind.Echo,
    };

    private Receipt? Open(SpaLetter letter, ReadOnlyMemory<byte> packet) =>
        ReceiptReader.TryRead(packet.Span, scribe.Gate.OuterKey, letter.ReceiptKey!, letter.Request.Time, out var receipt) ? receipt : null;
}
