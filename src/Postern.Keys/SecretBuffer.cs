using System.Security.Cryptography;

namespace Postern.Keys;

/// <summary>Room for bytes that become a secret: in one place in memory, zeroed when done with.</summary>
internal sealed class SecretBuffer(int length) : IDisposable
{
    private readonly byte[] _bytes = GC.AllocateArray<byte>(length, pinned: true);
    private bool _gone;

    public Span<byte> Span => Array;

    /// <summary>For those of the runtime's functions that take nothing but a whole array.</summary>
    public byte[] Array
    {
        get
        {
            ObjectDisposedException.ThrowIf(_gone, this);
            return _bytes;
        }
    }

    public void Dispose()
    {
        _gone = true;
        CryptographicOperations.ZeroMemory(_bytes);
    }
}
