using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Postern.Client.Invitations;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Reports;

namespace Postern.Client.Tests.Invitations;

/// <summary>spec/vectors/invitations.txt, and what the specification says besides.</summary>
public sealed class VectorsInvitationTests
{
    private const string Keys = "g=fE4IJLf_PKvCLWhbCMKX9rceA_4gjzhazLfuwgGdxCw&s=hgbNTb29CZ0rEcpAPlKcfFVXDy7AjnDbIdcVj85JVpc";

    private static string Vectors()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder.FullName, "spec", "vectors")))
            folder = folder.Parent!;
        return Path.Combine(folder.FullName, "spec", "vectors", "invitations.txt");
    }

    [Fact]
    public void Every_vector_is_taken_or_refused_as_it_says()
    {
        var lines = File.ReadAllLines(Vectors()).Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split('\t', 2)).ToList();
        Assert.True(lines.Count > 50);
        Assert.All(lines, line =>
        {
            var fault = Invitation.TryParse(line[1], out var invitation);
            Assert.Equal(line[0] == "accept", fault == InvitationFault.None);
            Assert.Equal(line[0] == "accept", invitation is not null);
        });
    }

    [Theory]
    [InlineData("postern://h/n?v=1&" + Keys, "h", "n", "udp/62201", "", false)]
    [InlineData("postern://h:62202/n?v=1&" + Keys, "h", "n", "udp/62202", "", false)]
    [InlineData("postern://h/n?v=1&" + Keys + "&p=udp/10000-19999@60", "h", "n", "udp/10000-19999@60", "", false)]
    [InlineData("postern://h/n?v=1&" + Keys + "&p=tcp/1-65535@3600,udp/1", "h", "n", "tcp/1-65535@3600,udp/1", "", false)]
    [InlineData("  postern://[2001:db8::1]/n?v=1&" + Keys + "&p=tcp/443,icmp&d=ssh,web&r=1\n", "2001:db8::1", "n", "tcp/443,icmp", "ssh,web", true)]
    public void What_it_says_is_understood(string line, string host, string name, string carriers, string services, bool receipts)
    {
        Assert.Equal(InvitationFault.None, Invitation.TryParse(line, out var read));
        using var invitation = read!;
        Assert.Equal((host, name, carriers, services, receipts), (invitation.Host, invitation.Name, string.Join(',', invitation.Carriers), string.Join(',', invitation.Services), invitation.Receipts));
        Assert.Equal(0x7c, invitation.GateKey.Bytes[0]);
        Span<byte> secret = stackalloc byte[GateSecret.Size];
        invitation.Secret.Export(secret);
        Assert.Equal((0x86, 0x97), (secret[0], secret[^1]));
    }

    [Theory]
    [InlineData("", InvitationFault.NotAnInvitation)]
    [InlineData("postern://h/n ?v=1", InvitationFault.NotPrintable)]
    [InlineData("postern://h/n%20?v=1", InvitationFault.Escaped)]
    [InlineData("postern://h/n", InvitationFault.Malformed)]
    [InlineData("postern://h/n?v=1#a", InvitationFault.Malformed)]
    [InlineData("postern:///n?v=1", InvitationFault.BadHost)]
    [InlineData("postern://[2001:db8::1]x/n?v=1", InvitationFault.BadPort)]
    [InlineData("postern://[]/n?v=1", InvitationFault.BadHost)]
    [InlineData("postern://[/n?v=1", InvitationFault.BadHost)]
    [InlineData("postern://[2001:DB8::1]/n?v=1", InvitationFault.BadHost)]
    [InlineData("postern://h:/n?v=1", InvitationFault.BadPort)]
    [InlineData("postern://h/?v=1", InvitationFault.BadName)]
    [InlineData("postern://h/n?", InvitationFault.NoVersion)]
    [InlineData("postern://h/n?v=2", InvitationFault.UnknownVersion)]
    [InlineData("postern://h/n?v=1", InvitationFault.MissingGateKey)]
    [InlineData("postern://h/n?v=1&g=fE4IJLf_PKvCLWhbCMKX9rceA_4gjzhazLfuwgGdxCw", InvitationFault.MissingSecret)]
    [InlineData("postern://h/n?v=1&g=AAAA", InvitationFault.BadGateKey)]
    [InlineData("postern://h/n?v=1&g=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", InvitationFault.UnusableGateKey)]
    [InlineData("postern://h/n?v=1&s=AAAA", InvitationFault.BadSecret)]
    [InlineData("postern://h/n?v=1&q=1", InvitationFault.UnknownParameter)]
    [InlineData("postern://h/n?v=1&&", InvitationFault.MalformedParameter)]
    [InlineData("postern://h/n?v=1&x-=1", InvitationFault.MalformedParameter)]
    [InlineData("postern://h/n?v=1&v=1", InvitationFault.RepeatedParameter)]
    [InlineData("postern://h:1/n?v=1&" + Keys + "&p=udp/1", InvitationFault.PortAndCarriers)]
    [InlineData("postern://h/n?v=1&" + Keys + "&p=udp/01", InvitationFault.BadCarriers)]
    [InlineData("postern://h/n?v=1&" + Keys + "&d=a,a", InvitationFault.BadServices)]
    [InlineData("postern://h/n?v=1&" + Keys + "&r=0", InvitationFault.BadReceipt)]
    public void Every_fault_has_its_name(string line, InvitationFault expected)
    {
        Assert.Equal(expected, Invitation.TryParse(line, out var none));
        Assert.Null(none);
        var (what, mend) = expected.Say();
        Assert.NotEqual(what, mend);
    }

    [Fact]
    public void One_that_is_too_long_is_refused() =>
        Assert.Equal(InvitationFault.TooLong, Invitation.TryParse("postern://h/n?v=1&" + Keys + "&x-a=" + new string('a', 2048), out _));

    private static Gen<Carrier> Carriers =>
        from kind in Gen.Choose(0, 3)
        from port in Gen.Choose(1, 65_000)
        select kind switch
        {
            1 => Carrier.Icmp,
            3 => Carrier.Of(new(new(port % 2 == 0 ? Transport.Udp : Transport.Tcp, (ushort)port, (ushort)(port + 300)), 10 + (port % 3_591))),
            _ => new Carrier((CarrierKind)kind, (ushort)port),
        };

    [Fact]
    public void What_is_written_is_read_back() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Elements("gate.example.org", "192.0.2.1", "2001:db8::1", "a", "x_y.z-1").ToArbitrary(),
        Carriers.ListOf().Where(l => l.Count is > 0 and < 9 && l.Distinct().Count() == l.Count).ToArbitrary(),
        Gen.SubListOf("ssh", "web", "0", "a-_b").Zip(Gen.Elements(true, false)).ToArbitrary(),
        (host, carriers, rest) =>
        {
            using var pair = BoxKeyPair.Generate();
            using var written = new Invitation(host, "home", pair.Public, GateSecret.Generate()) { Carriers = [.. carriers], Services = [.. rest.Item1], Receipts = rest.Item2 };
            if (Invitation.TryParse(written.Write(), out var back) != InvitationFault.None)
                return false;
            using var read = back!;
            return read.Write() == written.Write() && read.Host == host && read.Carriers.SequenceEqual(written.Carriers)
                && read.Services.SequenceEqual(written.Services) && read.Receipts == rest.Item2 && read.GateKey.GateId == pair.Public.GateId
                && !read.ToString().Contains('=', StringComparison.Ordinal);
        }));

    [Fact]
    public void What_nobody_would_read_is_not_written()
    {
        using var pair = BoxKeyPair.Generate();
        using var secret = GateSecret.Generate();
        Assert.All((string[])["", "Gate", "fe80::1%eth0", "a..b", "1.2.3"], host => Assert.Throws<ArgumentException>(() => new Invitation(host, "n", pair.Public, secret)));
        Assert.Throws<ArgumentException>(() => new Invitation("h", "N", pair.Public, secret));
        Assert.All((ImmutableArray<Carrier>[])[[], [Carrier.Icmp, Carrier.Icmp], [new(CarrierKind.Tcp, 0)]], carriers =>
            Assert.Throws<ArgumentException>(() => new Invitation("h", "n", pair.Public, secret) { Carriers = carriers }.Write()));
        Assert.Throws<ArgumentException>(() => new Invitation("h", "n", pair.Public, secret) { Services = ["a", "a"] }.Write());
    }
}
