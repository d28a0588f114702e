using Postern.Reports;
using Postern.Tests;

namespace Postern.Warden.Tests.Spa;

/// <summary>spec/vectors/spa, made by a program that shares nothing with ours, from the bytes of a packet to what the firewall is told.</summary>
public sealed class VectorsSpaTests
{
    public static TheoryData<string> Packets => SpaVector.Names("spa");

    [Theory]
    [MemberData(nameof(Packets))]
    public void Packet(string name)
    {
        var vector = SpaVector.Read(name);
        using var gate = new VectorGate(vector);
        foreach (var earlier in vector.All("earlier"))
            Assert.Equal(Refusal.None, gate.Judge(Convert.FromHexString(earlier)));
        gate.Firewall.Notes.Clear();

        var refusal = gate.Judge(vector.Packet);
        Assert.Equal(vector.Expect, refusal == Refusal.None ? "accepted" : refusal.Word());
        if (refusal != Refusal.None)
        {
            Assert.Empty(gate.Firewall.Notes);
            return;
        }

        var grants = vector.All("grant").Select(line => line.Split(' ')).ToArray();
        if (vector.One("request-close") is "yes")
        {
            Assert.Empty(gate.Warden.Grants);
            Assert.All(grants, g => Assert.Contains(gate.Firewall.Notes, note => note.StartsWith($"-{g[0]} {g[1]}", StringComparison.Ordinal)));
        }
        else
        {
            Assert.Equal(grants.Select(g => $"+{g[0]} {g[1]}{(g[2] is "0" ? "" : ":" + g[2])} {g[3]}"), gate.Firewall.Notes);
        }

        Assert.Equal(Refusal.Replayed, gate.Judge(vector.Packet));
    }

    /// <summary>What was refused leaves no mark: the plainest request of the same key, at the same moment, is judged as if it were the first.</summary>
    [Theory]
    [MemberData(nameof(Packets))]
    public void A_refusal_leaves_no_mark(string name)
    {
        var vector = SpaVector.Read(name);
        if (vector.Expect is "accepted" || vector.Has("earlier"))
            return;
        var plain = SpaVector.Read("spa/ed25519").Packet;
        using var untouched = new VectorGate(vector);
        var first = untouched.Judge(plain);
        using var touched = new VectorGate(vector);
        touched.Judge(vector.Packet);
        Assert.Equal(first, touched.Judge(plain));
        Assert.Equal(untouched.Firewall.Notes, touched.Firewall.Notes);
    }
}
