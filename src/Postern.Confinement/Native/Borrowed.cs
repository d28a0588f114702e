namespace Postern.Confinement.Native;

/// <summary>Keeps a descriptor open, and its number from being given to another, while a call uses it.</summary>
internal readonly ref struct Borrowed
{
    private readonly Descriptor _descriptor;

    public Borrowed(Descriptor descriptor)
    {
        var held = false;
        descriptor.DangerousAddRef(ref held);
        _descriptor = descriptor;
    }

    public int Number => _descriptor.Number;

    public void Dispose() => _descriptor.DangerousRelease();
}
