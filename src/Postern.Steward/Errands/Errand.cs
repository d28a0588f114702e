using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Postern.Steward.Errands;

/// <summary>
/// What a service with <c>run:</c> does: the definition, as the steward itself has read it. The first of <paramref name="Run"/> is the full
/// path of the program, the others its arguments, with placeholders (<see cref="Placeholders"/>).
/// </summary>
public sealed record Errand(string Service, ImmutableArray<string> Run)
{
    public const string UsualUser = "nobody";

    public const int MaxArguments = 64;

    /// <summary>Of one list, in UTF-8, as written.</summary>
    public const int MaxBytes = 4096;

    public static readonly TimeSpan UsualTimeLimit = TimeSpan.FromSeconds(10);

    private const int FingerprintSize = 16;

    /// <summary>Empty: nothing is left to undo, and there is no grant.</summary>
    public ImmutableArray<string> Undo { get; init; } = [];

    /// <summary>As whom both are run.</summary>
    public string RunAs { get; init; } = UsualUser;

    /// <summary>Of either; then all of its process group is killed.</summary>
    public TimeSpan TimeLimit { get; init; } = UsualTimeLimit;

    /// <summary>It is run, or undone, with what rides along with a knock, and not without.</summary>
    public bool TakesData => Run.Concat(Undo).Any(Placeholders.HasData);

    /// <summary>
    /// By which an order names it: the first 16 bytes of SHA-256 of all that it says. Two wardens and stewards that read the same have the same; one
    /// that was changed in any way has another.
    /// </summary>
    public UInt128 Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, ["postern action", Service, RunAs]);
        Add(hash, Run.AsSpan());
        Add(hash, Undo.AsSpan());
        Span<byte> time = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(time, TimeLimit.Ticks);
        hash.AppendData(time);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash.GetHashAndReset().AsSpan(..FingerprintSize));
    }

    /// <summary>Lengths before all, so that no two lists are the same bytes.</summary>
    private static void Add(IncrementalHash hash, ReadOnlySpan<string> texts)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(number, texts.Length);
        hash.AppendData(number);
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt32LittleEndian(number, bytes.Length);
            hash.AppendData(number);
            hash.AppendData(bytes);
        }
    }
}
