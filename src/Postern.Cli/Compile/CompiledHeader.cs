namespace Postern.Cli.Compile;

/// <summary>What stands at the top of a rule set: what it does, how to load and remove it, and what it is not.</summary>
internal static class CompiledHeader
{
    public static string Of(string target) => $"""
        # Made by "postern compile --to {target}". It holds the secret sequences: for root's eyes only.
        #
        # Closes the ports of the services below, and opens one to an address that knocked, for its time; connections that were made in it live on.
        # The kernel does all of it: no program has to run. It is an added layer, as every port knock: whoever sees a sequence on the wire can
        # repeat it, and a flood from false addresses can keep others out for as long as it lasts. Keep your SSH keys and your updates.
        #
        # A packet that comes twice does no harm. A new connection to any other port undoes what its source has done so far, so that a port scan
        # opens nothing; {(target is "nftables" ? "ports that this host serves to all belong into the set \"harmless\"" : "ports that this host serves to all belong into the chain POSTERN-ASTRAY, as RETURN")}, or a visit there undoes a knock.
        #
        {Loading(target)}

        """;

    private static string Loading(string target) => target is "nftables"
        ? """
          #   load, or replace   nft -f FILE
          #   remove             nft delete table inet postern_knocks
          #   look               nft list table inet postern_knocks
          #
          # Not beside a gate, which guards the same ports by a table of its own.
          """
        : $"""
          #   load      {target}-restore --noflush FILE         (without --noflush the table mangle is emptied first)
          #   remove    {target} -t mangle -D PREROUTING -j POSTERN; for i in 1 2; do {target} -t mangle -S | sed -n 's/^-N \(POSTERN.*\)/\1/p' |
          #             while read -r c; do {target} -t mangle -F "$c"; {target} -t mangle -X "$c"; done 2>/dev/null; done
          #   look      {target} -t mangle -vnL; cat /proc/net/xt_recent/postern_*
          #
          # Remove it before it is loaded again. xt_recent remembers 100 addresses a list unless it was loaded with more:
          # modprobe xt_recent ip_list_tot=4096. {(target is "iptables" ? "For IPv6: --to ip6tables." : "For IPv4: --to iptables.")}
          # Not beside a gate, which guards the same ports by a table of its own.
          """;
}
