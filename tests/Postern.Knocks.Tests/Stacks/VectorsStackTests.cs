using Postern.Knocks.Stacks;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Knocks.Tests.Stacks;

/// <summary>First segments as the systems' sources and manuals describe them; those of Linux, nmap and hping3 are also taken from the wire (<see cref="KernelStackTests"/>).</summary>
public sealed class VectorsStackTests
{
    private const string Mss = "020405b4";
    private const string LinuxOptions = Mss + "0402 080a 00112233 00000000 01 030307";
    private const string WindowsOptions = Mss + "01 030308 0101 0402";
    private const string AppleOptions = Mss + "01 030306 0101 080a 00112233 00000000 0402 0000";
    private const string FreeBsdOptions = Mss + "01 030306 0402 080a 00112233 00000000";

    [Theory]
    [InlineData("linux", 64, 64240, LinuxOptions)]
    [InlineData("linux", 52, 64240, LinuxOptions)] // twelve hops away
    [InlineData("linux", 64, 29200, LinuxOptions)] // 3.x to 4.19
    [InlineData("linux", 64, 65495, "0204ffd7 0402 080a 00112233 00000000 01 030307")] // its loopback
    [InlineData("linux", 64, 64240, "020405ac 0402 080a 00112233 00000000 01 030307")] // the segment size lowered on the way
    [InlineData("linux", 64, 65535, "02040505 0402 080a 00112233 00000000 01 030307")] // 51 segments of 1285 are that
    [InlineData("linux", 64, 64240, Mss + "0101 0402 01 030307")] // without time stamps
    [InlineData("linux", 64, 64240, LinuxOptions + "2202 0101")] // asks for a cookie of fast open
    [InlineData("linux", 64, 64240, LinuxOptions + "1e04 0180")] // several paths
    [InlineData("android", 64, 65535, LinuxOptions)]
    [InlineData("windows", 128, 64240, WindowsOptions)]
    [InlineData("windows", 113, 65535, WindowsOptions)]
    [InlineData("windows", 128, 8192, Mss + "01 030302 0101 0402")]
    [InlineData("windows", 128, 65535, Mss + "0101 0402")] // XP
    [InlineData("windows", 128, 64240, Mss + "01 030308 0402 080a 00112233 00000000")] // time stamps switched on
    [InlineData("apple", 64, 65535, AppleOptions)]
    [InlineData("apple", 60, 65535, Mss + "01 030303 0101 080a 00112233 00000000 0402 0000")]
    [InlineData("bsd", 64, 65535, FreeBsdOptions)]
    [InlineData("bsd", 64, 16384, Mss + "0101 0402 01 030306 0101 080a 00112233 00000000")] // OpenBSD
    [InlineData("bsd", 64, 32768, Mss + "01 030303 0402 0101 0101 080a 00112233 00000000")] // NetBSD
    [InlineData("none", 64, 64240, AppleOptions)] // that window with those options is nobody's
    [InlineData("none", 128, 64240, LinuxOptions)]
    [InlineData("none", 64, 64240, Mss)]
    [InlineData("none", 64, 64240, Mss + "0402 080a 00112233 00000000 030307 00")] // what is missing is a nop
    [InlineData("none", 64, 64240, Mss + "0402 080a 00112233 00000000 01 03030f")] // a scale beyond RFC 7323
    [InlineData("none", 64, 64240, Mss + "0402 080a 00112233 44556677 01 030307")] // an echo of nothing
    public void A_stack_is_told_by_its_first_segment(string expected, byte hops, ushort window, string options) =>
        Assert.Equal(expected, Tell(new(hops, window, options)));

    [Theory]
    [InlineData("nmap", 47, 1024, Mss)]
    [InlineData("nmap", 25, 1024, Mss)]
    [InlineData("nmap", 51, 1, "03030a 01 020405b4 080a ffffffff 00000000 0402")] // -O
    [InlineData("nmap", 51, 63, "02040578 030300 0402 080a ffffffff 00000000 00")]
    [InlineData("nmap", 51, 4, "080a ffffffff 00000000 0101 030305 01 02040280")]
    [InlineData("nmap", 51, 4, "0402 080a ffffffff 00000000 03030a 00")]
    [InlineData("nmap", 51, 16, "02040218 0402 080a ffffffff 00000000 03030a 00")]
    [InlineData("nmap", 51, 512, "02040109 0402 080a ffffffff 00000000")]
    [InlineData("hping3", 64, 512, "")]
    [InlineData("masscan", 240, 1024, "")]
    [InlineData("masscan", 240, 1024, Mss)]
    [InlineData("zmap", 240, 65535, "")]
    [InlineData("zmap", 240, 65535, Mss)]
    [InlineData("zmap", 240, 65535, WindowsOptions)]
    [InlineData("none", 64, 1025, Mss)]
    public void A_scanner_is_told_by_its_first_segment(string expected, byte hops, ushort window, string options) =>
        Assert.Equal(expected, Tell(new(hops, window, options) { DontFragment = false }));

    [Fact]
    public void What_a_packet_has_more_or_less_than_the_signature_says_makes_it_another()
    {
        var linux = new SynCraft(64, 64240, LinuxOptions);
        Assert.Equal("linux", Tell(linux with { Identification = 0 }));
        Assert.Equal("linux", Tell(linux with { Flags = TcpFlags.Syn | TcpFlags.Ece | TcpFlags.Cwr }));
        Assert.Equal("none", Tell(linux with { DontFragment = false }));
        Assert.Equal("none", Tell(linux with { Acknowledgment = 1 }));
        Assert.Equal("none", Tell(linux with { Urgent = 1 }));
        Assert.Equal("none", Tell(linux with { Reserved = 2 }));
        Assert.Equal("none", Tell(linux with { Flags = TcpFlags.Syn | TcpFlags.Psh }));
        Assert.Equal("none", Tell(linux with { Data = [1] }));
        Assert.Equal("none", Tell(linux with { Flags = TcpFlags.Syn | TcpFlags.Ack }));
        Assert.Equal("none", Tell(linux with { Flags = TcpFlags.Ack }));
        Assert.Equal("hping3", Tell(new(64, 31572, "") { DontFragment = false, Acknowledgment = 7 })); // what knockknock has it send
    }

    [Fact]
    public void Over_IPv6_there_is_neither_identification_nor_DF()
    {
        Assert.Equal("linux", Tell(new(64, 64800, "020405a0 0402 080a 00112233 00000000 01 030307") { IsV6 = true }));
        Assert.Equal("android", Tell(new(64, 65535, "020405a0 0402 080a 00112233 00000000 01 030307") { IsV6 = true }));
        Assert.Equal("nmap", Tell(new(64, 1024, "020405a0") { IsV6 = true }));
        Assert.Equal("nmap", Tell(new(255, 1024, Mss) { IsV6 = true }));
        Assert.Equal("masscan", Tell(new(255, 1024, Mss) { DontFragment = false }));
    }

    [Theory]
    [InlineData("0101 0204")] // cut
    [InlineData("02030405")] // too short for its kind
    [InlineData("0200 0402")] // a length that leads nowhere
    [InlineData("0402 05ff 0101 0101")] // beyond the end
    [InlineData("01010101 01010101 01010101 01010101 01010101")] // more than anybody has
    public void Options_that_cannot_be_are_nobodys(string options)
    {
        var bytes = Convert.FromHexString(options.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(SynTraits.BadOptions, SynOptions.Read(bytes).Traits);
        Assert.Equal("none", Tell(new(64, 512, Convert.ToHexString([.. bytes.Take(bytes.Length / 4 * 4)]))));
    }

    [Fact]
    public void Every_word_has_a_line_and_every_line_can_be_reached()
    {
        Assert.Equal(ClientStackText.All.Select(s => s.Stack).Order(), StackSignatures.All.Select(s => s.Stack).Distinct().Order());
        Assert.Equal(StackSignatures.All.Length, StackSignatures.All.Distinct().Count());
    }

    [Theory]
    [InlineData("linux * 64 * * -")]
    [InlineData("beos * 64 * * - -")]
    [InlineData("linux * 63 * * - -")]
    [InlineData("linux * 64 mss+4 * - -")]
    [InlineData("linux 5 64 * * - -")]
    [InlineData("linux * 64 70000 * - -")]
    [InlineData("linux * 64 * * mss,tss -")]
    [InlineData("linux * 64 * * - df,zz?")]
    [InlineData("linux * 64 * * nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop -")]
    public void A_line_that_is_none_is_refused(string line) => Assert.Throws<FormatException>(() => StackSignatureReader.Read(line));

    private static string Tell(SynCraft craft)
    {
        Assert.Equal(PacketFault.None, PacketView.TryRead(craft.ToBytes(), LinkType.Raw, out var packet));
        return StackSignatures.Tell(packet).Word();
    }
}
