using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Postern.Keys.Ssh.AuthorizedKeys;

/// <summary>Goes along one line, to its end or to the first fault.</summary>
internal sealed class KeyLineReader(string line)
{
    private readonly ImmutableArray<KeyOption>.Builder _options = ImmutableArray.CreateBuilder<KeyOption>();
    private int _at;

    public KeyLineFault? Fault { get; private set; }

    private bool AtEnd => _at >= line.Length;

    private char Here => AtEnd ? '\0' : line[_at];

    public AuthorizedKeyLine? Read()
    {
        SkipSpace();
        if (AtEnd || Here == '#' || !IsText() || !TryOptions())
            return null;
        var column = _at + 1;
        if (!TryKey(out var key))
            return null;
        SkipSpace();
        return new(_options.DrainToImmutable(), key, line[_at..], column);
    }

    private bool IsText()
    {
        for (var i = 0; i < line.Length; i++)
        {
            if (char.IsControl(line[i]) && line[i] != '\t')
                return Fail(i, $"a control character (0x{(int)line[i]:x2})", "remove it; the file is plain text");
        }

        return line.StartsWith("-----BEGIN", StringComparison.Ordinal)
            ? Fail(0, "not a line of public keys", "take the line in the file that ends in .pub, and let nobody see the private one")
            : true;
    }

    /// <summary>As sshd does it: what does not begin with a key begins with options.</summary>
    private bool TryOptions()
    {
        if (BeginsWithKey())
            return true;
        while (true)
        {
            if (!TryOption())
                return false;
            if (AtEnd)
                return Fail(_at, "no key after the options", "add it: the key's type and its base64, as in the file that ends in .pub");
            if (Here != ',')
                break;
            _at++;
        }

        SkipSpace();
        return true;
    }

    /// <summary>A word without a value is an option or a type. Blobs of keys begin with three zero bytes, which no option is followed by.</summary>
    private bool BeginsWithKey()
    {
        var word = Word(_at);
        if (SshNames.TryFind(Encoding.UTF8.GetBytes(word.ToString()), out _))
            return true;
        var next = line.AsSpan(_at + word.Length).TrimStart(" \t");
        return next.StartsWith("AAAA", StringComparison.Ordinal) && word.IndexOfAny(",=\"") < 0;
    }

    private bool TryOption()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(Here) || Here is '-' or '_')
            _at++;
        if (_at == start)
            return AtEnd || Here is ',' or ' ' or '\t'
                ? Fail(_at, "an option is missing", "options stand one behind the other, with a comma and no space between them")
                : Fail(_at, $"an option cannot begin with '{Here}'", "write: [options] type base64 [comment], as in OpenSSH's authorized_keys");
        var name = string.Create(_at - start, line.AsSpan(start, _at - start), static (lower, word) => word.ToLowerInvariant(lower));
        if (AtEnd || Here is ',' or ' ' or '\t')
        {
            _options.Add(new(name, null, start + 1, 0));
            return true;
        }

        if (Here != '=')
            return Fail(_at, $"'{Here}' in an option", "options stand one behind the other, with a comma and no space between them");
        _at++;
        if (!TryValue(name, out var value, out var column))
            return false;
        _options.Add(new(name, value, start + 1, column));
        return AtEnd || Here is ',' or ' ' or '\t'
            || Fail(_at, $"'{Here}' after the value of {name}", "put a comma after the closing quote, or a space before the key; a quote in a value is written \\\"");
    }

    private bool TryValue(string name, [NotNullWhen(true)] out string? value, out int column)
    {
        value = null;
        column = _at + 2;
        if (Here != '"')
            return Fail(_at, $"the value of {name} is not quoted", $"write: {name}=\"…\"");
        var quote = _at++;
        var text = new StringBuilder();
        for (; !AtEnd && Here != '"'; _at++)
        {
            if (Here == '\\' && _at + 1 < line.Length && line[_at + 1] == '"')
                _at++;
            text.Append(Here);
        }

        if (AtEnd)
            return Fail(quote, $"the value of {name} has no closing quote", "close it with \"; a quote in a value is written \\\"");
        _at++;
        value = text.ToString();
        return true;
    }

    private bool TryKey([NotNullWhen(true)] out SshPublicKey? key)
    {
        key = null;
        var start = _at;
        var type = Word(_at).ToString();
        var known = SshNames.TryFind(Encoding.UTF8.GetBytes(type), out var wanted);
        if (!known)
            return Fail(start, $"'{type}' is not a type of key that is taken here", "use ssh-ed25519, sk-ssh-ed25519@openssh.com, ecdsa-sha2-nistp256, sk-ecdsa-sha2-nistp256@openssh.com or ssh-rsa");
        _at += type.Length;
        SkipSpace();
        if (AtEnd)
            return Fail(_at, "the key is missing", "add its base64, as in the file that ends in .pub");
        var base64 = Word(_at);
        if (!StrictBase64.TryDecode(base64, out var blob))
            return Fail(_at, "not the base64 of a key", "copy the whole line of the file that ends in .pub; nothing may be cut off or broken");
        if (!SshPublicKey.TryRead(blob, out var read))
            return Fail(_at, wanted == SshKeyType.Rsa ? "not an RSA key of 2048 to 4096 bits" : $"not a key of the type {type}", "copy the whole line of the file that ends in .pub, or make a new key: ssh-keygen -t ed25519");
        if (read.Type != wanted)
            return Fail(start, $"the key is not of the type {type}", "copy the whole line of the file that ends in .pub");
        _at += base64.Length;
        key = read;
        return true;
    }

    private void SkipSpace()
    {
        while (Here is ' ' or '\t')
            _at++;
    }

    private ReadOnlySpan<char> Word(int from) => line.AsSpan(from) is var rest && rest.IndexOfAny(' ', '\t') is var end and >= 0 ? rest[..end] : line.AsSpan(from);

    private bool Fail(int at, string message, string hint)
    {
        Fault = new(at + 1, message, hint);
        return false;
    }
}
