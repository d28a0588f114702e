using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Reports;

namespace Postern.Client.Spa;

/// <summary>
/// The address under which the world sees us, asked of a service that answers with it as text (<c>https://…</c>). Only where the user named one: whoever is
/// asked learns that somebody is about to knock. Asked over the family of the gate's address, because that is what the gate will see.
/// </summary>
public sealed class ExternalAddress(Uri service, HttpMessageHandler? handler = null)
{
    private const int MaxAnswer = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <exception cref="KnockException">No address was to be had.</exception>
    public async Task<Address> AskAsync(IPAddress gate, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(gate);
        try
        {
            using var http = new HttpClient(handler ?? Over(gate.AddressFamily), disposeHandler: handler is null) { Timeout = Patience };
            using var answer = await http.GetAsync(service, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (!answer.IsSuccessStatusCode)
                throw Failed($"it answered {(int)answer.StatusCode}", null);
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            var bytes = new byte[MaxAnswer + 1];
            var length = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
            var text = Encoding.Latin1.GetString(bytes, 0, length).Trim();
            return length <= MaxAnswer && Address.TryParse(text, out var address) ? address : throw Failed("its answer is not an address", null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            throw Failed(e is TaskCanceledException ? "it did not answer in time" : e.Message, e);
        }
    }

    private KnockException Failed(string why, Exception? inner) => new(
        KnockFault.Unreachable, $"the own address could not be asked of {service.Host}: {why}", "give it with --address, or --address auto for the source of the packet", inner);

    /// <summary>No redirections: the user named this one.</summary>
    private static SocketsHttpHandler Over(AddressFamily family) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };
}
