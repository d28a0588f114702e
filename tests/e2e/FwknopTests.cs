using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Postern.EndToEnd.Tests;

/// <summary>The gate in the place of fwknopd: what Debian's fwknop sends opens it, and what it should refuse is refused by its name.</summary>
public sealed class FwknopTests
{
    private static readonly string[] Digests = ["md5", "sha1", "sha256", "sha384", "sha512", "sha3_256", "sha3_512"];

    [Fact]
    public void It_opens_for_every_hmac_every_digest_and_every_mode()
    {
        using var house = new FwknopHouse();
        var ports = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var digest in Digests)
            Add("h-" + digest, $"key {FwknopHouse.KeyOf("h-" + digest)}\nhmac_key {FwknopHouse.TagKeyOf("h-" + digest)}\nhmac_digest {digest}\n");
        string[] modes = ["cbc", "ctr", "cfb", "ofb", "ecb"];
        foreach (var mode in modes)
            Add("m-" + mode, $"key {FwknopHouse.KeyOf("m-" + mode)}\nhmac_key {FwknopHouse.TagKeyOf("m-" + mode)}\nmode {mode}\n");
        Add("m-legacy", "key short\nmode legacy\n");
        Add("no-hmac", "key a key alone\n");
        foreach (var digest in Digests)
            house.Service("d-" + digest, Port("d-" + digest));
        house.Stanza("digests", $"opens: [{string.Join(", ", Digests.Select(d => "d-" + d))}]");
        house.Start();

        foreach (var digest in Digests)
            house.Send("h-" + digest, "-A", "tcp/" + ports["h-" + digest], "--hmac-digest-type", digest);
        foreach (var mode in modes)
            house.Send("m-" + mode, "-A", "tcp/" + ports["m-" + mode], "-M", mode);
        house.Send("m-legacy", "-A", "tcp/" + ports["m-legacy"], "-M", "legacy", "--key-rijndael", "short");
        house.Send("no-hmac", "-A", "tcp/" + ports["no-hmac"], "--key-rijndael", "a key alone");
        foreach (var digest in Digests)
            house.Send("digests", "-A", "tcp/" + ports["d-" + digest], "-m", digest);
        foreach (var name in ports.Keys)
            house.Opens(name);
        Assert.Equal(ports.Count, house.House.GrantCount);
        Assert.DoesNotContain("refused", house.House.Log, StringComparison.Ordinal);

        void Add(string name, string keys)
        {
            house.Service(name, Port(name));
            house.Stanza(name, $"opens: [{name}]", keys);
        }

        string Port(string name) => string.Create(CultureInfo.InvariantCulture, $"ports: [tcp/{ports[name] = 1000 + ports.Count}]");
    }

    [Fact]
    public void It_opens_by_every_transport()
    {
        using var house = new FwknopHouse("ports: [udp/10000-65535, tcp/62201, icmp]\nhttp: true");
        (string Name, string[] Arguments)[] ways =
        [
            ("udp", []), ("random", ["-r"]), ("tcp", ["-P", "tcp"]), ("http", ["-P", "http", "-p", "62201"]), ("icmp", ["-P", "icmp"]), ("echo", ["-P", "icmp", "--icmp-type", "8"]),
            ("tcpraw", ["-P", "tcpraw"]), ("udpraw", ["-P", "udpraw"]),
        ];
        for (var i = 0; i < ways.Length; i++)
            house.Service(ways[i].Name, $"ports: [tcp/{1000 + i}]");
        house.Stanza("phone", $"opens: [{string.Join(", ", ways.Select(w => w.Name))}]");
        house.Start();
        house.House.ServeTcp(62201);
        for (var i = 0; i < ways.Length; i++)
        {
            house.Send("phone", ["-A", $"tcp/{1000 + i}", .. ways[i].Arguments]);
            house.Opens(ways[i].Name);
        }

        Assert.DoesNotContain("refused", house.House.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_asked_is_had_for_the_time_that_was_asked_and_no_longer_than_may_be()
    {
        using var house = new FwknopHouse();
        house.Service("ssh", "ports: [tcp/22]\nopen_for: 40s");
        house.Service("web", "ports: [tcp/80, udp/80]\nopen_for: 50s");
        house.Service("mail", "ports: [tcp/25]\nopen_for: 50s");
        house.Service("note", "run: [/bin/touch, '" + house.Ledger + ".{address}']\nrun_as: root");
        house.Stanza("phone", "opens: [ssh, web]\nmax_time: 2m\ncommands: {'touch it': note}");
        house.Start();
        house.House.ServeTcp(22);
        Assert.False(house.House.IsOpen(GateHouse.Gate4));

        house.Send("phone", "-A", "tcp/22,udp/80");
        house.Opens("ssh");
        house.Opens("web");
        Assert.True(house.House.IsOpen(GateHouse.Gate4), house.House.Log);
        Assert.Contains("knock=phone user=alice", house.House.Log, StringComparison.Ordinal);
        Left("ssh", 30, 40);

        house.Send("phone", "-A", "tcp/22", "-f", "90");
        house.Says("extended service=ssh ");
        Left("ssh", 60, 90);
        house.Send("phone", "-A", "tcp/22", "-f", "9999");
        house.Says("capped=\"asked for 9999 s\"");
        Left("ssh", 95, 120);

        house.Send("phone", "-A", "tcp/22", "-a", "192.0.2.9"); // for somebody else, as fwknop has it
        house.Says("opened service=ssh address=192.0.2.9 knock=phone user=alice from=10.77.0.2");
        house.Send("phone", "-A", "tcp/22,tcp/25");
        house.Refuses("service-not-allowed detail=\"tcp/25\"");
        house.Send("phone", "-C", "touch it");
        GateHouse.Until(() => File.Exists(house.Ledger + "." + GateHouse.Client4), "the action");
        house.Send("phone", "-C", "touch it; reboot");
        house.Refuses("command-not-allowed");

        void Left(string service, double least, double most) => Assert.InRange(
            house.House.Ask("grants").EnumerateArray().First(g => g.GetProperty("service").GetString() == service && g.GetProperty("address").GetString() == GateHouse.Client4)
                .GetProperty("seconds_left").GetDouble(), least, most);
    }

    [Fact]
    public void What_should_be_refused_is_refused_by_its_name()
    {
        using var house = new FwknopHouse();
        house.Service("ssh", "ports: [tcp/22]");
        house.Stanza("phone", "opens: [ssh]\nuser: alice");
        house.Stanza("lax", "opens: [ssh]\nrequire_address: false");
        house.Stanza("near", "opens: [ssh]\nsource: [192.0.2.0/24]");
        house.Stanza("there", "opens: [ssh]\ndestination: [192.0.2.0/24]");
        house.Stanza("old", "opens: [ssh]\nexpires: 2020-01-01");
        house.Stanza("mixed", "opens: [ssh]", $"key another\nhmac_key {FwknopHouse.TagKeyOf("mixed")}\n");
        house.Start();

        house.Send("phone", "-A", "tcp/22", "--time-offset-minus", "300s");
        house.Refuses("too-late");
        house.Send("phone", "-A", "tcp/22", "--time-offset-plus", "300s");
        house.Refuses("too-early");
        house.Send("phone", "-A", "tcp/22", "-U", "mallory");
        house.Refuses("user-not-allowed");
        house.Send("phone", "-A", "tcp/22", "-s");
        house.Refuses("address-required");
        house.Send("old", "-A", "tcp/22");
        house.Refuses("knock-expired");
        house.Send("mixed", "-A", "tcp/22");
        house.Refuses("not-sealed-to-us");
        foreach (var stranger in (string[])["near", "there", "nobody"])
            house.Send(stranger, "-A", "tcp/22");
        house.Raw(Encoding.ASCII.GetBytes("8" + new string('A', 202) + "*"));
        GateHouse.Until(() => house.Refused("not-sealed-to-us") == 3 && house.Refused("junk") == 1, "the sentry's count");
        Assert.Equal(0, house.House.GrantCount);

        house.Send("lax", "-A", "tcp/22", "-s");
        house.Opens("ssh");
        Assert.Equal(GateHouse.Client4, house.House.Ask("grants")[0].GetProperty("address").GetString());
    }

    [Fact]
    public void A_packet_is_good_once_whatever_becomes_of_the_gate()
    {
        using var house = new FwknopHouse("http: true");
        house.Service("ssh", "ports: [tcp/22]\nopen_for: 1s");
        house.Stanza("phone", "opens: [ssh]");
        house.Start();
        var packet = house.SendAndKeep("phone", "-A", "tcp/22");
        house.Opens("ssh");
        house.Raw(packet);
        house.Raw(Encoding.ASCII.GetBytes($"GET /{Encoding.ASCII.GetString(packet).Replace('+', '-').Replace('/', '_')} HTTP/1.0\r\nUser-Agent: x\r\n\r\n"));
        GateHouse.Until(() => house.Refused("copy") == 2, "two copies");

        var sentry = house.House.Ask("status").GetProperty("processes").EnumerateArray().First(p => p.GetProperty("name").GetString() == "sentry").GetProperty("pid").GetInt32();
        GateHouse.Send(sentry, Signal.Kill); // it alone knew that one as a copy
        house.Says("another takes its place");
        GateHouse.Until(() =>
        {
            house.Raw(packet);
            Thread.Sleep(50);
            return house.House.Log.Contains("refusal=replayed", StringComparison.Ordinal);
        }, "the warden's word");

        house.House.Kill(Signal.Kill);
        house.House.Start();
        house.Raw(packet);
        house.Says("refusal=replayed", times: house.House.Log.Split("refusal=replayed").Length);
        Assert.Single(house.House.Log.Split('\n'), l => l.Contains("opened service=ssh", StringComparison.Ordinal));
        house.Send("phone", "-A", "tcp/22");
        house.Says("opened service=ssh ", times: 2);
    }

    [Fact]
    public void NAT_requests_lead_where_the_services_allow()
    {
        using var house = new FwknopHouse();
        house.Service("ssh", "ports: [tcp/22]");
        house.Service("lan", "forward: ['10.0.0.0/24:22']");
        house.Service("db", "ports: [tcp/5432]");
        house.Stanza("phone", "opens: [ssh, lan]");
        house.Start();
        house.House.ServeTcp(22);

        house.Send("phone", "-A", "tcp/22", "--nat-local", "--nat-port", "40022");
        house.Says("opened service=ssh ");
        Assert.True(house.House.IsOpen(GateHouse.Gate4, 40022), house.House.Log);
        Assert.False(house.House.IsOpen(GateHouse.Gate4, 22)); // that was not asked for
        house.Send("phone", "-A", "tcp/42222", "-N", "10.0.0.5:22");
        house.Says("opened service=lan ");
        Assert.Contains(house.House.Ask("grants").EnumerateArray(), g => g.GetProperty("service").GetString() == "lan" && g.ToString().Contains("10.0.0.5:22", StringComparison.Ordinal));

        house.Send("phone", "-A", "tcp/42223", "-N", "10.0.0.5:3306");
        house.Send("phone", "-A", "tcp/42223", "-N", "10.0.1.5:22");
        house.Send("phone", "-A", "tcp/5432", "--nat-local", "--nat-port", "40023"); // not in 'opens'
        house.Send("phone", "-A", "tcp/443", "-N", "10.0.0.5:22"); // served to all, perhaps
        house.Send("phone", "-A", "tcp/5432", "-N", "10.0.0.5:22"); // another service's
        house.Says("refusal=forward-not-allowed", times: 5);
    }

    [Fact]
    public void A_reload_changes_the_stanzas_and_a_file_of_keys_with_a_fault_keeps_out_its_own_knock()
    {
        using var house = new FwknopHouse();
        house.Service("ssh", "ports: [tcp/22]");
        house.Service("web", "ports: [tcp/80]");
        house.Stanza("phone", "opens: [ssh]", "key \n");
        house.Stanza("tablet", "opens: [web]");
        house.Start();
        Assert.Contains("phone.keys:1:1: 'key' has no value", house.House.Log, StringComparison.Ordinal);
        house.Send("phone", "-A", "tcp/22");
        house.Send("tablet", "-A", "tcp/80");
        house.Opens("web");
        Assert.Equal(1, house.House.GrantCount);

        File.WriteAllText(house.Ledger.Replace("/ledger", "/phone.keys", StringComparison.Ordinal), $"key {FwknopHouse.KeyOf("phone")}\nhmac_key {FwknopHouse.TagKeyOf("phone")}\n");
        var (code, output) = house.House.Command("reload");
        Assert.True(code == 0, output);
        house.Send("phone", "-A", "tcp/22");
        house.Opens("ssh");
    }

    /// <summary>A thousand stanzas, each with a source of its own, cost what one does; and the client gets in while somebody else floods. fwknopd takes 23 ms for each packet then.</summary>
    [Fact]
    public void A_flood_of_what_looks_like_packets_keeps_nobody_out()
    {
        const string neighbour = "10.77.0.3";
        using var house = new FwknopHouse();
        house.House.Client.Run("ip", "address", "add", neighbour + "/24", "dev", "veth0");
        house.Service("ssh", "ports: [tcp/22]");
        for (var i = 2; i < 1002; i++)
            house.Stanza($"s{i}", $"opens: [ssh]\nsource: 10.77.{i / 256}.{i % 256}");
        house.Start();

        using var stop = new CancellationTokenSource();
        var sent = 0;
        var flood = new Thread(() =>
        {
            using var socket = house.House.Client.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
            socket.Bind(new IPEndPoint(IPAddress.Parse(neighbour), 0));
            var gate = new IPEndPoint(IPAddress.Parse(GateHouse.Gate4), 62201); // not connected, or the kernel's "port unreachable" would end it
            var junk = Encoding.ASCII.GetBytes("8" + new string('A', 203));
            while (!stop.IsCancellationRequested)
            {
                for (var i = 0; i < 200; i++)
                {
                    sent++;
                    BitConverter.TryWriteBytes(junk.AsSpan(20), 0x41414141 + (sent & 0x0f0f0f0f));
                    socket.SendTo(junk, gate);
                }

                Thread.Sleep(10);
            }
        });
        flood.Start();
        Thread.Sleep(500);
        house.Send("s2", "-A", "tcp/22");
        house.Opens("ssh");
        stop.Cancel();
        flood.Join();
        Assert.True(sent > 2000, $"{sent} packets are no flood");
        GateHouse.Until(() => house.Refused("not-sealed-to-us") + house.Refused("over-budget") > 1000, "the flood to be counted");
    }
}
