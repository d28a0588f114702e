namespace Postern.Reports;

/// <summary>
/// Whose stack a client's first segment looks as if it came from. It is told by header fields that whoever writes his own packets sets as he likes: an obstacle
/// and a clue, never a proof. Not to be taken for <see cref="Spa.ClientSystem"/>, which a signed request says of itself.
/// </summary>
public enum ClientStack : byte
{
    /// <summary>There was no such segment, or it is none that we know.</summary>
    None = 0,

    Linux = 1,
    Android = 2,
    Windows = 3,

    /// <summary>macOS, iOS and what is built on them: one stack.</summary>
    Apple = 4,

    /// <summary>FreeBSD, OpenBSD and NetBSD.</summary>
    Bsd = 5,

    Nmap = 6,
    Hping3 = 7,
    Masscan = 8,
    Zmap = 9,
}

public static class ClientStackText
{
    /// <summary>Each with the word that stands in configuration and audit.</summary>
    public static IEnumerable<(string Word, ClientStack Stack)> All => Enum.GetValues<ClientStack>().Where(s => s != ClientStack.None).Select(s => (s.Word(), s));

    /// <summary>On the list: what came as a number may be anything.</summary>
    public static bool IsKnown(this ClientStack stack) => stack <= ClientStack.Zmap;

    public static string Word(this ClientStack stack) => stack switch
    {
        ClientStack.None => "none",
        ClientStack.Linux => "linux",
        ClientStack.Android => "android",
        ClientStack.Windows => "windows",
        ClientStack.Apple => "apple",
        ClientStack.Bsd => "bsd",
        ClientStack.Nmap => "nmap",
        ClientStack.Hping3 => "hping3",
        ClientStack.Masscan => "masscan",
        ClientStack.Zmap => "zmap",
        _ => throw new ArgumentOutOfRangeException(nameof(stack), stack, "not in the closed list"),
    };
}
