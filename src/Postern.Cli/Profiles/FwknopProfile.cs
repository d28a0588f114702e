using System.Collections.Immutable;
using Postern.Client.Fwknop;
using Postern.Keys.Fwknop;
using Postern.Reports;

namespace Postern.Cli.Profiles;

/// <summary>A server of fwknop, or a gate with a knock of that method. The keys are the profile's.</summary>
internal sealed record FwknopProfile(string Name, string Host, FwknopCipherKey Cipher, FwknopMacKey? Mac) : Profile(Name, Host)
{
    /// <summary>How the user wrote it, and how it is written again: text, or base64 of the bytes.</summary>
    public bool IsCipherText { get; init; }

    public bool IsMacText { get; init; }

    public FwknopMode Mode { get; init; }

    /// <summary>What is asked for, but for the user's name and the time.</summary>
    public required FwknopWish Wish { get; init; }

    public FwknopPath Path { get; init; } = FwknopPath.Usual;

    /// <summary>NAT: the port at the server, in place of that of <see cref="FwknopWish.Access"/>; 0: the same.</summary>
    public ushort NatPort { get; init; }

    public override string Asks => Wish.Command.Length > 0 ? $"command: {Wish.Command}" : string.Join(", ", Wish.Access);

    /// <summary>The ports at the server that will stand open: of a NAT request the one that it is made for.</summary>
    public static ImmutableArray<PortRange> Outside(ImmutableArray<PortRange> access, ushort natPort) =>
        natPort == 0 ? access : [.. access.Take(1).Select(p => new PortRange(p.Transport, natPort))];

    /// <summary>That of the user who runs this, with what fwknop does not take left out.</summary>
    public static string UsualUser
    {
        get
        {
            var name = string.Concat(Environment.UserName.Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@').Take(48));
            return name.Length > 0 ? name : "NO_USER"; // as fwknop's client has it
        }
    }

    public override void Dispose()
    {
        Cipher.Dispose();
        Mac?.Dispose();
    }
}
