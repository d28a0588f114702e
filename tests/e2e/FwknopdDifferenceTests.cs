using System.Diagnostics;
using System.Globalization;
using System.Text;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>
/// Debian's fwknopd and the gate side by side on one host: both see the same packets of the real client, and each opens or does not. Where they differ it is on purpose;
/// docs/from-fwknop.md lists those cases.
/// </summary>
public sealed class FwknopdDifferenceTests
{
    private sealed record Case(string What, string[] Client, bool Ours, bool Theirs)
    {
        /// <summary>Of the knock, besides 'opens'.</summary>
        public string Knock { get; init; } = "";

        /// <summary>Of the stanza in access.conf, besides OPEN_PORTS.</summary>
        public string Access { get; init; } = "";

        /// <summary>Whose keys are used, where not those of its own place.</summary>
        public int? KeysOf { get; init; }
    }

    private static readonly Case[] Cases =
    [
        new("a plain request", [], true, true),
        new("with a time of its own", ["-f", "60"], true, true),
        new("signed 100 s ahead", ["--time-offset-plus", "100s"], true, true),
        new("signed 300 s ago", ["--time-offset-minus", "300s"], false, false),
        new("signed 300 s ahead", ["--time-offset-plus", "300s"], false, false),
        new("of the user that is wanted", [], true, true) { Knock = "user: alice", Access = "REQUIRE_USERNAME alice" },
        new("of another user", [], false, false) { Knock = "user: bob", Access = "REQUIRE_USERNAME bob" },
        new("from elsewhere", [], false, false) { Knock = "source: 192.0.2.0/24", Access = "SOURCE 192.0.2.0/24" },
        new("to elsewhere", [], false, false) { Knock = "destination: 192.0.2.1", Access = "DESTINATION 192.0.2.1" },
        new("of a stanza that has ended", [], false, false) { Knock = "expires: 2020-01-31", Access = "ACCESS_EXPIRE 01/31/2020" },
        new("for the packet's source, which must be named", ["-s"], false, false) { Access = "REQUIRE_SOURCE_ADDRESS Y" },
        new("for the packet's source, which need not be named", ["-s"], true, true) { Knock = "require_address: false" },
        new("for a port that is not listed, too", ["-A", "tcp/@,tcp/99"], false, false),

        // On purpose.
        new("for the packet's source, where nothing is said about it", ["-s"], false, true),
        new("for a port that is not listed, where another is listed twice", ["-A", "tcp/@,tcp/99"], false, true) { Access = "OPEN_PORTS tcp/@, tcp/@" },
        new("the keys of two stanzas, the first for another user", [], false, true) { Knock = "user: bob", Access = "REQUIRE_USERNAME bob" },
        new("(the second of them)", [], false, true) { KeysOf = 15 },
        new("signed 100 s ago, while the gate has not run so long: what it may have taken before its ledger was made, it does not know", ["--time-offset-minus", "100s"], false, true),
        new("the last: both read in order, so when this one is through, all are", [], true, true),
    ];

    [Fact]
    public void Both_open_for_the_same_packets_but_for_what_is_listed()
    {
        Needs.Program("fwknopd");
        Needs.Program("iptables");
        using var house = new FwknopHouse();
        for (var i = 0; i < Cases.Length; i++)
        {
            house.Service(Name(i), $"ports: [tcp/{Port(i)}]");
            var keys = Name(Cases[i].KeysOf ?? i);
            house.Stanza(Name(i), $"opens: [{Name(i)}{(i == 15 ? ", c16" : "")}]\n{Cases[i].Knock}", $"key {FwknopHouse.KeyOf(keys)}\nhmac_key {FwknopHouse.TagKeyOf(keys)}\n");
        }

        house.Start();
        var folder = Directory.CreateTempSubdirectory("postern-fwknopd-");
        try
        {
            using var fwknopd = Start(house.House, folder.FullName);
            for (var i = 0; i < Cases.Length; i++)
                Send(house, i);
            house.Opens(Name(Cases.Length - 1));
            GateHouse.Until(() => Rules(house.House).Contains($"--dport {Port(Cases.Length - 1)} ", StringComparison.Ordinal), "the last packet");
            var rules = Rules(house.House);
            var said = new StringBuilder();
            for (var i = 0; i < Cases.Length; i++)
            {
                if (i == 15)
                    continue; // its packet asks for what the second has
                var (ours, theirs) = (house.House.Log.Contains($"opened service={Name(i)} ", StringComparison.Ordinal), rules.Contains($"--dport {2001 + i} ", StringComparison.Ordinal));
                if ((ours, theirs) != (Cases[i].Ours, Cases[i].Theirs))
                    said.AppendLine(CultureInfo.InvariantCulture, $"{Cases[i].What}: we {(ours ? "open" : "refuse")}, fwknopd {(theirs ? "opens" : "refuses")}");
            }

            fwknopd.Kill();
            fwknopd.WaitForExit();
            Assert.True(said.Length == 0, said + house.House.Log + fwknopd.StandardError.ReadToEnd() + rules);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"c{i}");

    private static string Port(int i) => (2001 + i).ToString(CultureInfo.InvariantCulture);

    private static void Send(FwknopHouse house, int i)
    {
        if (Cases[i].KeysOf is not null)
            return;
        var port = Port(i == 15 ? 16 : i);
        string[] arguments = [.. Cases[i].Client.Select(a => a.Replace("@", port, StringComparison.Ordinal))];
        house.Send(Name(i), [.. arguments.Contains("-A") ? Array.Empty<string>() : ["-A", "tcp/" + port], .. arguments]);
    }

    private static string Rules(GateHouse house) => house.RunToEnd("iptables", "-S", "FWKNOP_INPUT").Output;

    private static Process Start(GateHouse house, string folder)
    {
        File.WriteAllText(Path.Combine(folder, "fwknopd.conf"), $"""
            PCAP_INTF                 {NetworkNamespace.Interface};
            PCAP_FILTER               udp port 62201;
            FWKNOP_RUN_DIR            {folder};
            FIREWALL_EXE              {Needs.Find("iptables")};

            """);
        var access = new StringBuilder();
        for (var i = 0; i < Cases.Length; i++)
        {
            var keys = Name(Cases[i].KeysOf ?? i);
            var own = Cases[i].Access.Replace("@", Port(i), StringComparison.Ordinal);
            access.Append(own.StartsWith("SOURCE", StringComparison.Ordinal) ? own : "SOURCE ANY").Append('\n')
                .Append(CultureInfo.InvariantCulture, $"KEY {FwknopHouse.KeyOf(keys)}\nHMAC_KEY {FwknopHouse.TagKeyOf(keys)}\nFW_ACCESS_TIMEOUT 60\n")
                .Append(own.StartsWith("SOURCE", StringComparison.Ordinal) ? "" : own + "\n")
                .Append(own.StartsWith("OPEN_PORTS", StringComparison.Ordinal) ? "" : $"OPEN_PORTS tcp/{Port(i)}\n");
        }

        File.WriteAllText(Path.Combine(folder, "access.conf"), access.ToString());
        foreach (var file in Directory.GetFiles(folder))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var process = house.Gate.Start("fwknopd", "-f", "-c", Path.Combine(folder, "fwknopd.conf"), "-a", Path.Combine(folder, "access.conf"));
        GateHouse.Until(() => process.HasExited || File.Exists(Path.Combine(folder, "digest.cache")), "fwknopd");
        Thread.Sleep(500); // it does not say when it hears
        Assert.False(process.HasExited, process.HasExited ? process.StandardError.ReadToEnd() : "");
        return process;
    }
}
