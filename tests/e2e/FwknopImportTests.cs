using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A server of fwknop and its client, carried over by one command each: the real client opens what it opened, and ours opens it by the same stanzas.</summary>
public sealed class FwknopImportTests
{
    private const string Access = """
        SOURCE                  ANY
        KEY                     a passphrase of alice
        HMAC_KEY                another one of hers
        HMAC_DIGEST_TYPE        SHA512
        OPEN_PORTS              tcp/22
        FW_ACCESS_TIMEOUT       60
        REQUIRE_USERNAME        alice
        REQUIRE_SOURCE_ADDRESS  Y

        SOURCE                  10.77.0.0/24
        KEY_BASE64              AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=
        HMAC_KEY_BASE64         AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4/wYNFBsiKTA3PkVMU1phaG92fYSLkpmgp661vA==
        OPEN_PORTS              tcp/8022, tcp/8023
        FW_ACCESS_TIMEOUT       60
        REQUIRE_SOURCE_ADDRESS  Y

        """;

    private const string Rc = $"""
        [default]
        SPA_SERVER        {GateHouse.Gate4}
        ALLOW_IP          {GateHouse.Client4}
        SPOOF_USER        alice
        [bob]
        KEY_BASE64        AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=
        HMAC_KEY_BASE64   AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4/wYNFBsiKTA3PkVMU1phaG92fYSLkpmgp661vA==
        USE_HMAC          Y
        ACCESS            tcp/8022

        """;

    /// <summary>docs/from-fwknop.md, step by step: a gate of single packets stands already, and what is carried over comes into force without a restart, on trial.</summary>
    [Fact]
    public void What_was_carried_over_is_tried_by_a_gate_that_runs()
    {
        Needs.Program("fwknop");
        using var house = new SpaHouse(services: "services:\n  web: {ports: [tcp/80], open_for: 5s}\n");
        var etc = Path.GetDirectoryName(house.House.ConfigurationFile)!;
        var old = Directory.CreateDirectory(house.InGate("old")).FullName;
        File.WriteAllText(Path.Combine(old, "access.conf"), Access);
        File.WriteAllText(Path.Combine(old, "fwknopd.conf"), "PCAP_INTF veth0;\nPCAP_FILTER udp port 62201;\n");
        var config = house.House.ConfigurationFile;
        Do("import", "fwknop", old, "--output", Path.Combine(etc, "postern.d", "fwknop.yaml"), "--keys-folder", Path.Combine(etc, "fwknop"));
        Do("check", "--config", config);
        house.House.ServeTcp(8022);
        Do("apply", "--rollback", "1m", "--socket", house.House.Socket);
        Assert.False(house.House.IsOpen(GateHouse.Gate4, 8022));
        var (code, output) = house.House.FromClient("env", $"HOME={house.InClient("")}", "fwknop", "--no-rc-file", "--no-save-args", "-D", GateHouse.Gate4, "-a", GateHouse.Client4,
            "--key-base64-rijndael", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
            "--key-base64-hmac", "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4/wYNFBsiKTA3PkVMU1phaG92fYSLkpmgp661vA==", "--use-hmac", "-A", "tcp/8022");
        Assert.True(code == 0, output);
        GateHouse.Until(() => house.House.IsOpen(GateHouse.Gate4, 8022), "the real client to open: " + house.House.Log);
        Do("apply", "--confirm", "--socket", house.House.Socket);

        void Do(params string[] command)
        {
            var (done, said) = house.House.RunToEnd([GateHouse.Postern, .. command]);
            Assert.True(done == 0, said);
        }
    }

    [Fact]
    public void The_real_client_and_ours_open_what_was_carried_over()
    {
        Needs.Program("fwknop");
        var folder = Directory.CreateTempSubdirectory("postern-import-");
        try
        {
            var old = Directory.CreateDirectory(Path.Combine(folder.FullName, "fwknop")).FullName;
            File.WriteAllText(Path.Combine(old, "access.conf"), Access);
            File.WriteAllText(Path.Combine(old, "fwknopd.conf"), "PCAP_INTF veth0;\nPCAP_FILTER udp port 62201;\n");
            var rc = Path.Combine(folder.FullName, ".fwknoprc");
            File.WriteAllText(rc, Rc);
            File.SetUnixFileMode(rc, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var (yaml, keys) = (Path.Combine(folder.FullName, "fwknop.yaml"), Path.Combine(folder.FullName, "keys"));

            using var house = new GateHouse(start: false);
            var (code, output) = house.RunToEnd(GateHouse.Postern, "import", "fwknop", old, "--output", yaml, "--keys-folder", keys);
            Assert.True(code == 0, output);
            Assert.All(Directory.GetFiles(keys).Append(yaml), f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
            Assert.Equal(2, house.RunToEnd(GateHouse.Postern, "import", "fwknop", old, "--output", yaml, "--keys-folder", keys).Code); // nothing is overwritten
            house.Write(File.ReadAllText(yaml), $"  ledger: {Path.Combine(folder.FullName, "ledger")}\n");
            house.Start();
            foreach (var port in (int[])[22, 8022, 8023])
                house.ServeTcp(port);
            string[] home = ["env", $"HOME={folder.FullName}"];

            string[] alice = ["fwknop", "--no-rc-file", "--no-save-args", "-D", GateHouse.Gate4, "-a", GateHouse.Client4, "-U", "alice", "--key-rijndael", "a passphrase of alice", "--key-hmac", "another one of hers", "--hmac-digest-type", "sha512"];
            Assert.False(house.IsOpen(GateHouse.Gate4));
            (code, output) = house.FromClient([.. home, .. alice, "-A", "tcp/22"]);
            Assert.True(code == 0, output);
            GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the real client to open: " + house.Log);

            (code, output) = house.FromClient([.. home, GateHouse.Postern, "import", "fwknoprc"]);
            Assert.True(code == 0, output);
            Assert.False(house.IsOpen(GateHouse.Gate4, 8022));
            (code, output) = house.FromClient([.. home, GateHouse.Postern, "knock", "bob"]);
            Assert.True(code == 0, output + house.Log);
            Assert.Contains("opened tcp/8022", output, StringComparison.Ordinal);

            // Alice's stanza does not list it, and her packet is good for nothing else.
            (code, output) = house.FromClient([.. home, .. alice, "-A", "tcp/8023"]);
            Assert.True(code == 0, output);
            GateHouse.Until(() => house.Log.Contains("refused", StringComparison.Ordinal), "the refusal: " + house.Log);
            Assert.False(house.IsOpen(GateHouse.Gate4, 8023));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
