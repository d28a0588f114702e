namespace Postern.Cli.Imports.Fwknop;

/// <summary>What may stand in fwknopd.conf (server/cmd_opts.h of 2.6), and what becomes of it.</summary>
internal static class FwknopdSettings
{
    /// <summary>Carried over by <see cref="FwknopGate"/>, or said there.</summary>
    private static readonly string[] Read =
    [
        "PCAP_FILTER", "MAX_SPA_PACKET_AGE", "ENABLE_SPA_PACKET_AGING", "ENABLE_DIGEST_PERSISTENCE", "ENABLE_SPA_OVER_HTTP", "ENABLE_UDP_SERVER", "UDPSERV_PORT", "ENABLE_TCP_SERVER", "TCPSERV_PORT",
        "ENABLE_NFQ_CAPTURE", "NFQ_PORT", "FWKNOP_CONF_DIR", "ACCESS_FILE", "ACCESS_FOLDER", "PCAP_INTF", "ENABLE_X_FORWARDED_FOR", "ENABLE_DESTINATION_RULE",
        "ENABLE_IPT_FORWARDING", "ENABLE_IPT_LOCAL_NAT", "ENABLE_IPT_SNAT", "SNAT_TRANSLATE_IP", "ENABLE_IPT_OUTPUT", "ENABLE_FIREWD_FORWARDING", "ENABLE_FIREWD_LOCAL_NAT", "ENABLE_FIREWD_SNAT", "ENABLE_FIREWD_OUTPUT",
        "ENABLE_PCAP_ANY_DIRECTION", "ENABLE_NAT_DNS", "FLUSH_IPT_AT_EXIT", "FLUSH_FIREWD_AT_EXIT", "FLUSH_IPFW_AT_EXIT",
    ];

    /// <summary>How fwknopd does its work: paths, logging, chains, loops. Nothing of it decides who comes in.</summary>
    private static readonly string[] Needless =
    [
        "PCAP_FILE", "ENABLE_PCAP_PROMISC", "PCAP_DISPATCH_COUNT", "PCAP_LOOP_SLEEP", "EXIT_AT_INTF_DOWN", "MAX_SNIFF_BYTES", "RULES_CHECK_THRESHOLD", "CMD_EXEC_TIMEOUT", "ALLOW_ANY_USER_AGENT",
        "UDPSERV_SELECT_TIMEOUT", "NFQ_INTERFACE", "NFQ_TABLE", "NFQ_CHAIN", "NFQ_QUEUE_NUMBER", "NFQ_LOOP_SLEEP", "LOCALE", "SYSLOG_IDENTITY", "SYSLOG_FACILITY", "VERBOSE", "ENABLE_RULE_PREPEND",
        "FLUSH_IPT_AT_INIT", "IPT_INPUT_ACCESS", "IPT_OUTPUT_ACCESS", "IPT_FORWARD_ACCESS", "IPT_DNAT_ACCESS", "IPT_SNAT_ACCESS", "IPT_MASQUERADE_ACCESS", "ENABLE_IPT_COMMENT_CHECK",
        "FLUSH_FIREWD_AT_INIT", "FIREWD_INPUT_ACCESS", "FIREWD_OUTPUT_ACCESS", "FIREWD_FORWARD_ACCESS", "FIREWD_DNAT_ACCESS", "FIREWD_SNAT_ACCESS", "FIREWD_MASQUERADE_ACCESS", "ENABLE_FIREWD_COMMENT_CHECK",
        "FLUSH_IPFW_AT_INIT", "IPFW_START_RULE_NUM", "IPFW_MAX_RULES", "IPFW_ACTIVE_SET_NUM", "IPFW_EXPIRE_SET_NUM", "IPFW_EXPIRE_PURGE_INTERVAL", "IPFW_ADD_CHECK_STATE", "PF_ANCHOR_NAME", "PF_EXPIRE_INTERVAL",
        "FWKNOP_RUN_DIR", "FWKNOP_PID_FILE", "DIGEST_FILE", "DIGEST_DB_FILE", "GPG_HOME_DIR", "GPG_EXE", "SUDO_EXE", "FIREWALL_EXE",
        "ENABLE_EXTERNAL_CMDS", "EXTERNAL_CMD_OPEN", "EXTERNAL_CMD_CLOSE", "EXTERNAL_CMD_ALARM", "ENABLE_EXT_CMD_PREFIX", "EXT_CMD_PREFIX",
    ];

    public static bool IsKnown(string name) => Array.IndexOf(Read, name) >= 0 || Array.IndexOf(Needless, name) >= 0;

    public static bool IsNeedless(string name) => Array.IndexOf(Needless, name) >= 0;

    /// <summary>What variables stand for where the file does not say.</summary>
    public static string? UsualPath(string name) => name switch
    {
        "FWKNOP_CONF_DIR" => "/etc/fwknop",
        "FWKNOP_RUN_DIR" => "/run/fwknop",
        _ => null,
    };
}
