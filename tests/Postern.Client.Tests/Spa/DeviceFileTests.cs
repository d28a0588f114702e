using System.Collections.Concurrent;
using System.Net;
using Postern.Client.Spa;

namespace Postern.Client.Tests.Spa;

/// <summary>spec/spa.md §8: a client never uses a time twice, nor a smaller one.</summary>
public sealed class DeviceFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-test-").FullName;

    private string File => Path.Combine(_folder, "state", "device");

    [Fact]
    public void The_clock_is_used_and_where_it_stands_or_steps_back_the_last_time_and_one()
    {
        var device = new DeviceFile(File);
        ulong[] clock = [1_000, 1_000, 500, 0, 2_000, 1_999];
        Assert.Equal([1_000ul, 1_001, 1_002, 1_003, 2_000, 2_001], clock.Select(now => device.Next(now).Time));
    }

    [Fact]
    public void The_device_is_made_once_and_kept_with_its_time()
    {
        var first = new DeviceFile(File).Next(7);
        var second = new DeviceFile(File).Next(7);
        Assert.NotEqual(0u, first.Device);
        Assert.Equal((first.Device, 8ul), second);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(Path.GetDirectoryName(File)!));
        Assert.NotEqual(first.Device, new DeviceFile(File + "2").Next(7).Device);
    }

    [Fact]
    public void A_clock_that_was_far_ahead_costs_the_device_and_not_a_year()
    {
        const ulong Now = 1_795_000_000_000_000_000;
        var device = new DeviceFile(File);
        var ahead = device.Next(Now + (400 * 86_400 * 1_000_000_000ul));
        var right = device.Next(Now);
        Assert.Equal(Now, right.Time);
        Assert.NotEqual(ahead.Device, right.Device);
        Assert.Equal((right.Device, Now + 1), device.Next(Now));
        Assert.Equal((right.Device, Now + 2), device.Next(Now - 9_000_000_000)); // a little back is no reason
    }

    [Fact]
    public void Many_at_once_never_share_a_time()
    {
        var times = new ConcurrentBag<ulong>();
        var devices = new ConcurrentBag<uint>();
        Parallel.For(0, 8, new() { MaxDegreeOfParallelism = 8 }, _ =>
        {
            for (var i = 0; i < 25; i++)
            {
                var (device, time) = new DeviceFile(File).Next(1_000);
                times.Add(time);
                devices.Add(device);
            }
        });
        Assert.Equal(200, times.Distinct().Count());
        Assert.Single(devices.Distinct());
    }

    [Theory]
    [InlineData("1a2b3c4d 1\n")]
    [InlineData("1a2b3c4d 00000000000000000001")]
    [InlineData("00000000 00000000000000000001\n")]
    [InlineData("1a2b3c4d 18446744073709551615\n")]
    [InlineData("1a2b3c4d -0000000000000000001\n")]
    [InlineData("1a2b3c4d 00000000000000000001\n\n")]
    [InlineData("1a2b3c\0\0 00000000000000000001\n")]
    [InlineData("1a2b3c4d 0000000000000000001\0\n")]
    public void What_is_damaged_is_not_guessed_at(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, text);
        var fault = Assert.Throws<DeviceFileException>(() => new DeviceFile(File).Next(1));
        Assert.Contains("damaged", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_it_cannot_be_kept_no_time_is_given()
    {
        System.IO.File.WriteAllText(Path.Combine(_folder, "file"), "");
        Assert.Throws<DeviceFileException>(() => new DeviceFile(Path.Combine(_folder, "file", "device")).Next(1));
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, "192.0.2.7\n", "192.0.2.7")]
    [InlineData(HttpStatusCode.OK, " 2001:db8::7", "2001:db8::7")]
    [InlineData(HttpStatusCode.OK, "<html>", null)]
    [InlineData(HttpStatusCode.OK, "192.0.2.7                                                                 192.0.2.8", null)]
    [InlineData(HttpStatusCode.NotFound, "192.0.2.7", null)]
    [InlineData(HttpStatusCode.Found, "192.0.2.7", null)]
    public async Task An_echo_service_answers_with_an_address_and_nothing_else(HttpStatusCode code, string body, string? expected)
    {
        using var handler = new Echo(code, body);
        var asking = new ExternalAddress(new("https://echo.example.org/ip"), handler).AskAsync(IPAddress.Loopback, TestContext.Current.CancellationToken);
        if (expected is not null)
            Assert.Equal(expected, (await asking).ToString());
        else
            Assert.Contains("echo.example.org", (await Assert.ThrowsAsync<KnockException>(() => asking)).Message, StringComparison.Ordinal);
    }

    private sealed class Echo(HttpStatusCode code, string body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(code) { Content = new StringContent(body) });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
