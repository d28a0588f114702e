namespace Postern.Confinement;

/// <summary>pipe2(2): what is written to one end is read from the other, until the last writer is gone.</summary>
public static class Pipe
{
    public static (Descriptor Read, Descriptor Write) Make() => throw new NotSupportedException("not yet");
}
