using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Two machines of one household behind the client's namespace, which is their router and has the one public address for both.</summary>
internal sealed class Home : IDisposable
{
    private readonly NetworkNamespace _router;

    public Home(NetworkNamespace router)
    {
        _router = router;
        router.Run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
        router.Run("nft", $"table ip nat {{ chain out {{ type nat hook postrouting priority srcnat; oifname {NetworkNamespace.Interface} masquerade; }}; }}");
        Alice = Machine(1);
        Neighbour = Machine(2);
    }

    public NetworkNamespace Alice { get; }

    public NetworkNamespace Neighbour { get; }

    private NetworkNamespace Machine(int number)
    {
        var machine = NetworkNamespace.Create();
        _router.Run("ip", "link", "add", $"home{number}", "type", "veth", "peer", "name", NetworkNamespace.Interface, "netns", machine.Name);
        _router.Run("ip", "address", "add", $"192.168.{number}.1/24", "dev", $"home{number}");
        _router.Run("ip", "link", "set", $"home{number}", "up");
        machine.Run("ip", "address", "add", $"192.168.{number}.2/24", "dev", NetworkNamespace.Interface);
        machine.Run("ip", "link", "set", NetworkNamespace.Interface, "up");
        machine.Run("ip", "route", "add", "default", "via", $"192.168.{number}.1");
        return machine;
    }

    public void Dispose()
    {
        Alice.Dispose();
        Neighbour.Dispose();
    }
}
