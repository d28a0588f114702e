using System.Collections.Immutable;
using Postern.Keys.Ssh.AuthorizedKeys;

namespace Postern.Keys.Ssh;

/// <summary>
/// One line of a file of public keys as sshd reads it (sshd(8), AUTHORIZED_KEYS FILE FORMAT):
/// <c>[options] type base64 [comment]</c>. What the options mean is not known here.
/// </summary>
/// <param name="Options">In their order; none is known or refused here, and a name may come twice.</param>
/// <param name="Key">The key.</param>
/// <param name="Comment">All that follows the key; empty where nothing does.</param>
/// <param name="KeyColumn">Of the key's type, from 1.</param>
public sealed record AuthorizedKeyLine(ImmutableArray<KeyOption> Options, SshPublicKey Key, string Comment, int KeyColumn)
{
    /// <summary>Null without a fault: there is nothing on the line, or a comment. Null with a fault: what is wrong, and where.</summary>
    public static AuthorizedKeyLine? Read(string line, out KeyLineFault? fault)
    {
        ArgumentNullException.ThrowIfNull(line);
        var reader = new KeyLineReader(line.TrimEnd(' ', '\t', '\r', '\n'));
        var read = reader.Read();
        fault = reader.Fault;
        return read;
    }
}

/// <summary>An option: <c>name</c> or <c>name="value"</c>, with <c>\"</c> for a quote in the value.</summary>
/// <param name="Name">In lower case; sshd takes either.</param>
/// <param name="Value">Null where there is none.</param>
/// <param name="Column">Of the name, from 1.</param>
/// <param name="ValueColumn">Of what follows the opening quote, from 1; 0 where there is no value.</param>
public readonly record struct KeyOption(string Name, string? Value, int Column, int ValueColumn)
{
    /// <summary>The column of the value's character at this index.</summary>
    public int ColumnOf(int index) => ValueColumn + index + Value.AsSpan(0, index).Count('"');
}

/// <param name="Column">From 1.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Hint">The mend.</param>
public readonly record struct KeyLineFault(int Column, string Message, string Hint);
