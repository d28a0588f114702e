using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Postern.Packets.Ring;
using Postern.Tests;

namespace Postern.Packets.Tests;

/// <summary>A tunnel interface whose other end is here: bytes written arrive at the host as a packet, whatever they are.</summary>
internal sealed unsafe class Tun : IDisposable
{
    private const nuint SetInterface = 0x400454ca;
    private const short TunWithoutHeader = 0x1001;

    private readonly SafeFileHandle _handle;

    private Tun(SafeFileHandle handle) => _handle = handle;

    public static Tun Create(NetworkNamespace space, string name)
    {
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "needs /dev/net/tun");
        var tun = space.Enter(() =>
        {
            var handle = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            var request = stackalloc byte[40];
            new Span<byte>(request, 40).Clear();
            Encoding.ASCII.GetBytes(name, new Span<byte>(request, 15));
            *(short*)(request + 16) = TunWithoutHeader;
            Assert.True(Libc.Control((int)handle.DangerousGetHandle(), SetInterface, request) == 0, Marshal.GetLastPInvokeErrorMessage());
            return new Tun(handle);
        });
        space.Run("ip", "link", "set", name, "up");
        return tun;
    }

    public void Arrive(byte[] packet)
    {
        fixed (byte* bytes = packet)
            Assert.Equal(packet.Length, Libc.Write((int)_handle.DangerousGetHandle(), bytes, (nuint)packet.Length));
    }

    public void Dispose() => _handle.Dispose();
}
