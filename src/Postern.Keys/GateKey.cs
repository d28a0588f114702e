namespace Postern.Keys;

/// <summary>All that a gate keeps to itself: the key that requests are sealed to, and the secret it shares with its clients.</summary>
public sealed class GateKey(BoxKeyPair pair, GateSecret secret) : IDisposable
{
    public BoxKeyPair Pair { get; } = pair;

    public GateSecret Secret { get; } = secret;

    public static GateKey Generate() => new(BoxKeyPair.Generate(), GateSecret.Generate());

    public void Dispose()
    {
        Pair.Dispose();
        Secret.Dispose();
    }
}
