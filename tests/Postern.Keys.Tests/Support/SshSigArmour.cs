using System.Diagnostics.CodeAnalysis;
using System.Text;
using Postern.Keys;
using Postern.Keys.Ssh;
using Postern.Keys.Ssh.Wire;

namespace Postern.Tests;

/// <summary>
/// The file that <c>ssh-keygen -Y sign</c> writes (PROTOCOL.sshsig): base64, 70 characters a line, between two lines of dashes, of
/// <code>
/// 6       "SSHSIG"
/// uint32  version = 1
/// string  public key
/// string  name space
/// string  reserved = ""
/// string  hash = "sha512"
/// string  signature, as <see cref="SshPublicKey.Verify"/> takes it
/// </code>
/// </summary>
internal static class SshSigArmour
{
    private const uint Version = 1;
    private const int LineLength = 70;
    private const string First = "-----BEGIN SSH SIGNATURE-----";
    private const string Last = "-----END SSH SIGNATURE-----";

    public static string Write(SshPublicKey key, string nameSpace, ReadOnlySpan<byte> signature)
    {
        var blob = new SshWriter().Raw(SshSig.Magic).UInt32(Version).String(key.Blob).String(Encoding.ASCII.GetBytes(nameSpace))
            .String([]).String(SshSig.HashName).String(signature).ToArray();
        var lines = Convert.ToBase64String(blob).Chunk(LineLength).Select(line => new string(line));
        return string.Join('\n', [First, .. lines, Last, ""]);
    }

    public static bool TryRead(string text, [NotNullWhen(true)] out SshPublicKey? key, out string nameSpace, out byte[] signature)
    {
        key = null;
        nameSpace = "";
        signature = [];
        var lines = text.TrimEnd('\n').Split('\n');
        if (lines.Length < 3 || lines[0] != First || lines[^1] != Last || !StrictBase64.TryDecode(string.Concat(lines[1..^1]), out var blob))
            return false;
        var reader = new SshReader(blob);
        if (!reader.TryBytes(SshSig.Magic.Length, out var magic) || !magic.SequenceEqual(SshSig.Magic)
            || !reader.TryUInt32(out var version) || version != Version
            || !reader.TryString(out var keyBlob) || !reader.TryString(out var space) || !Ascii.IsValid(space)
            || !reader.TryExpect([]) || !reader.TryExpect(SshSig.HashName) || !reader.TryString(out var inner) || !reader.AtEnd
            || !SshPublicKey.TryRead(keyBlob, out key))
            return false;
        nameSpace = Encoding.ASCII.GetString(space);
        signature = inner.ToArray();
        return true;
    }
}
