using System.Security.Cryptography;

namespace Postern.Keys;

/// <summary>Bytes that are a secret: in one place in memory (the collector does not copy them), zeroed when done with, never shown.</summary>
public abstract class SecretBytes : IDisposable
{
    private readonly byte[] _bytes;
    private bool _gone;

    private protected SecretBytes(ReadOnlySpan<byte> bytes)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(_bytes);
    }

    internal ReadOnlySpan<byte> Bytes
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
        GC.SuppressFinalize(this);
    }
}
