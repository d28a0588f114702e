using Postern.Fuzz.Engine;

namespace Postern.Fuzz.Targets;

/// <summary>Every parser that reads what somebody else wrote. A new one is a line here, a method that asks its oracle, and a seed or two in corpus/NAME.</summary>
internal static class Table
{
    public static IReadOnlyList<Target> All { get; } =
    [
        // What a stranger sends. Nothing of it may make the sentry take memory.
        new("link-layer", PacketTargets.Link) { MaxLength = 1600 },
        new("ipv4", PacketTargets.IPv4) { MaxLength = 1600 },
        new("ipv6", PacketTargets.IPv6) { MaxLength = 1600 },
        new("transport", PacketTargets.Transport) { MaxLength = 1600 },
        new("syn", PacketTargets.Syn) { MaxLength = 160 },
        new("log-line", PacketTargets.LogLine) { MaxLength = 700 },
        new("nflog", PacketTargets.Nflog) { MaxLength = 1600 },
        new("counted", CountedTargets.Packet) { MaxLength = 160 },
        new("knockknock", KnockknockTargets.Packet) { MaxLength = 160 },
        new("spa-packet", SpaTargets.Packet) { MaxLength = 1300 },
        new("spa-sealed-request", SpaTargets.SealedRequest) { MaxLength = 1112, Smoke = 700 },
        new("spa-request", SpaTargets.Request) { MaxLength = 1112 },

        new("fwknop-packet", FwknopTargets.Packet) { MaxLength = 1600 },
        new("rolling", TokenTargets.Rolling) { MaxLength = 600 },
        new("ports-token", TokenTargets.Ports) { MaxLength = 600 },
        new("fwknop-message", FwknopTargets.Message) { MaxLength = 1600, Memory = (16_384, 64) },

        // What the other process, or the other end, says.
        new("report", SpaTargets.Report) { MaxLength = 1300, Memory = (128, 1) },
        new("sighting", SpaTargets.Sighting) { MaxLength = 100, Memory = (8192, 0) },
        new("receipt", SpaTargets.Receipt) { MaxLength = 200, Memory = (512, 0) },
        new("receipt-packet", SpaTargets.ReceiptPacket) { MaxLength = 300, Memory = (512, 0) },
        new("control-request", TextTargets.ControlRequest) { Memory = (16_384, 16) },
        new("netlink", KernelTargets.Netlink) { Memory = (0, 64) },
        new("netlink-element", KernelTargets.Element) { MaxLength = 512, Memory = (16_384, 64) },
        new("proc-net-tcp", KernelTargets.SocketTable) { MaxLength = 300, Memory = (1024, 0) },
        new("agent-keys", KeyTargets.AgentKeys) { Memory = (16384, 256), Smoke = 700 },
        new("agent-signature", KeyTargets.AgentSignature) { MaxLength = 1024, Memory = (16384, 16), Smoke = 700 },

        // Files: what an operator, a user or a client wrote, or somebody who could.
        new("pcap", PacketTargets.Capture) { Memory = (300_000, 0), Smoke = 700 },
        new("pcapng", PacketTargets.Capture) { Memory = (300_000, 16), Smoke = 700 },
        new("log-file", PacketTargets.LogFile) { Memory = (300_000, 16), Smoke = 700 },
        new("configuration", TextTargets.Configuration) { Memory = (300_000, 3000), Smoke = 300 },
        new("profile", TextTargets.Profile) { Memory = (200_000, 3000), Smoke = 300 },
        new("fwknop-access", FwknopTargets.Access) { Memory = (300_000, 3000), Smoke = 300 },
        new("fwknop-settings", FwknopTargets.Settings) { Memory = (300_000, 3000), Smoke = 300 },
        new("fwknop-rc", FwknopTargets.Rc) { Memory = (300_000, 3000), Smoke = 300 },
        new("authorized-keys", TextTargets.AuthorizedKeys) { Memory = (32_768, 300), Smoke = 150 },
        new("one-time-file", TextTargets.OneTime) { Memory = (32_768, 600), Smoke = 150 },
        new("knockd-conf", TextTargets.Knockd) { MaxLength = 8192, Memory = (262_144, 4000), Smoke = 150 },
        new("authorized-key-line", KeyTargets.AuthorizedKeyLine) { MaxLength = 2048, Memory = (16_384, 64) },
        new("public-key-line", KeyTargets.PublicKeyLine) { MaxLength = 1024, Memory = (16_384, 32) },
        new("public-key-blob", KeyTargets.PublicKeyBlob) { MaxLength = 1024, Memory = (16_384, 32) },
        new("private-key-file", KeyTargets.PrivateKeyFile) { Memory = (65_536, 32), Smoke = 300 },
        new("private-key-bytes", KeyTargets.PrivateKeyBytes) { Memory = (65_536, 64), Smoke = 80 },
        new("signature", KeyTargets.Signature) { MaxLength = 1024, Memory = (4096, 16), Smoke = 700 },
        new("gate-key-file", KeyTargets.GateKeyFile) { Memory = (16_384, 32), Smoke = 300 },
        new("fwknop-keys", FwknopGateTargets.KeysFile) { MaxLength = 600, Memory = (32_768, 300), Smoke = 300 },
        new("secret-file", TokenTargets.Secret) { MaxLength = 300, Memory = (32_768, 300), Smoke = 300 },
        new("knockknock-profile", KnockknockTargets.Profile) { MaxLength = 300, Memory = (32_768, 300), Smoke = 300 },
        new("token-request", TokenTargets.Request) { MaxLength = 64, Memory = (512, 0) },
        new("device-file", FileTargets.Device) { MaxLength = 64, Memory = (16_384, 32), Smoke = 300 },
        new("ledger-record", FileTargets.LedgerRecord) { MaxLength = 64 },
        new("ledger-file", FileTargets.LedgerFile) { MaxLength = 1024, Memory = (262_144, 64), Smoke = 300 },

        // Words of the command line and of the files above. They take no memory; the runtime's parsing of numbers does, until it has been optimised.
        new("invitation", TextTargets.Invitation) { MaxLength = 2100, Memory = (8192, 64) },
        new("sequence", TextTargets.Sequence) { MaxLength = 1024, Memory = (4096, 64) },
        new("step", TextTargets.Step) { MaxLength = 64, Memory = (1024, 0) },
        new("ports", TextTargets.Ports) { MaxLength = 64, Memory = (1024, 0) },
        new("address", TextTargets.Address) { MaxLength = 128, Memory = (512, 0) },
        new("network", TextTargets.Network) { MaxLength = 128, Memory = (2048, 0) },
        new("carrier", TextTargets.Carrier) { MaxLength = 64, Memory = (1024, 0) },
        new("tcp-flags", TextTargets.Flags) { MaxLength = 128, Memory = (1024, 0) },
        new("hours", TextTargets.Hours) { MaxLength = 64, Memory = (1024, 0) },
        new("duration", TextTargets.Time) { MaxLength = 64, Memory = (1024, 0) },
    ];

    public static Target Find(string name) => All.FirstOrDefault(t => t.Name == name)
        ?? throw new ArgumentException($"no target '{name}'; there are: {string.Join(", ", All.Select(t => t.Name))}", nameof(name));
}
