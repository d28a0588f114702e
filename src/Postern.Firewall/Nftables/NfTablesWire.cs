namespace Postern.Firewall.Nftables;

/// <summary>nf_tables message kinds, the low byte of nlmsg_type (linux/netfilter/nf_tables.h, enum nf_tables_msg_types).</summary>
internal enum NftMessage : byte
{
    GetTable = 1,
    GetChain = 4,
    GetRule = 7,
    GetSet = 10,
    NewSetElement = 12,
    GetSetElement = 13,
    DeleteSetElement = 14,
    NewGeneration = 15,
}

/// <summary>Numbers of the protocol (linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h).</summary>
internal static class NfTablesWire
{
    public const ushort SubsystemNfTables = 10; // NFNL_SUBSYS_NFTABLES, the high byte of nlmsg_type
    public const uint NewsGroup = 1 << (7 - 1); // NFNLGRP_NFTABLES, as a bit of sockaddr_nl.nl_groups
    public const ushort BatchBegin = 0x10; // NFNL_MSG_BATCH_BEGIN
    public const ushort BatchEnd = 0x11;

    public const ushort TypeError = 2; // NLMSG_ERROR; an acknowledgement is error 0
    public const ushort TypeDone = 3; // NLMSG_DONE

    public const ushort FlagRequest = 0x001;
    public const ushort FlagAcknowledge = 0x004;
    public const ushort FlagDumpInterrupted = 0x010; // NLM_F_DUMP_INTR: the rule set changed while it was being read
    public const ushort FlagDump = 0x300; // NLM_F_ROOT | NLM_F_MATCH
    public const ushort FlagExclusive = 0x200; // NLM_F_EXCL
    public const ushort FlagCreate = 0x400;

    public const ushort Nested = 0x8000; // NLA_F_NESTED
    public const ushort AttributeTypeMask = 0x3fff;

    public const byte FamilyUnspecified = 0;
    public const byte FamilyInet = 1; // NFPROTO_INET
    public const byte FamilyIpv4 = 2; // NFPROTO_IPV4
    public const byte FamilyIpv6 = 10;

    public const ushort InTable = 1; // of chains, rules, sets and elements alike
    public const ushort Within = 2; // the chain of a rule, the set of an element

    public const ushort ListElement = 1; // NFTA_LIST_ELEM
    public const ushort DataValue = 1; // NFTA_DATA_VALUE
    public const ushort DataVerdict = 2; // NFTA_DATA_VERDICT
    public const ushort VerdictCode = 1; // NFTA_VERDICT_CODE

    public const int VerdictDrop = 0; // NF_DROP

    public const uint HookPrerouting = 0; // NF_INET_PRE_ROUTING
    public const uint HookInput = 1; // NF_INET_LOCAL_IN
    public const uint HookForward = 2; // NF_INET_FORWARD
    public const uint HookPostrouting = 4; // NF_INET_POST_ROUTING

    public static class Table
    {
        public const ushort Name = 1;
        public const ushort Flags = 2;
        public const uint Dormant = 1; // NFT_TABLE_F_DORMANT
    }

    public static class Chain
    {
        public const ushort Table = 1;
        public const ushort Name = 3;
        public const ushort Hook = 4;
        public const ushort Policy = 5;
        public const ushort HookNumber = 1; // inside Hook
        public const ushort HookPriority = 2;
    }

    public static class Rule
    {
        public const ushort Expressions = 4;
        public const ushort ExpressionName = 1; // inside an element of Expressions
        public const ushort ExpressionData = 2;
        public const ushort ImmediateData = 2; // inside the data of "immediate"
        public const ushort TargetName = 1; // inside the data of "target", which is how iptables-nft carries its own
    }

    public static class Set
    {
        public const ushort Name = 2;
        public const ushort Flags = 3;
        public const ushort KeyType = 4;
        public const ushort Description = 9;
        public const ushort DescriptionSize = 1; // inside Description
        public const uint Anonymous = 0x01;
        public const uint Interval = 0x04;
        public const uint Map = 0x08;
        public const uint Timeout = 0x10;
    }

    public static class Element
    {
        public const ushort List = 3;
        public const ushort Key = 1;
        public const ushort Data = 2;
        public const ushort Timeout = 4;
        public const ushort Expiration = 5;
        public const ushort UserData = 6;
    }
}
