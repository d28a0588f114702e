using System.Globalization;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Reports.Watching;

namespace Postern.Cli.Explaining;

/// <summary>What is known of each client for the end of an explanation. A recording may hold millions of false ones: of those that came least far some are then forgotten, and counted.</summary>
internal sealed class ClientBook(DoorNames doors)
{
    public const int MostClients = 8192;

    private const int MostCourses = 64;

    private readonly Dictionary<Address, Client> _clients = [];

    /// <summary>Clients that there was no room for.</summary>
    public long Forgotten { get; private set; }

    public IEnumerable<Client> InOrder() => _clients.Values.OrderBy(c => c.First);

    /// <summary>Null: nothing is known of it.</summary>
    public Client? Find(Address source) => _clients.GetValueOrDefault(source);

    public Client Of(Address source)
    {
        if (_clients.TryGetValue(source, out var client))
            return client;
        if (_clients.Count >= MostClients)
            ForgetHalf();
        return _clients[source] = new(source, _clients.Count + Forgotten);
    }

    public Course CourseOf(Client client, in Thought thought)
    {
        var key = (thought.Method, thought.Door);
        if (client.Courses.TryGetValue(key, out var course))
            return course;
        course = new(doors.Of(thought.Method, thought.Door), doors.Sequence(thought));
        if (client.Courses.Count < MostCourses)
            client.Courses[key] = course;
        return course;
    }

    private void ForgetHalf()
    {
        foreach (var client in _clients.Values.OrderBy(c => c.Furthest).ThenBy(c => c.First).Take(MostClients / 2).ToArray())
        {
            _clients.Remove(client.Source);
            Forgotten++;
        }
    }

    /// <param name="source">Its address.</param>
    /// <param name="first">Its place among those that came.</param>
    internal sealed class Client(Address source, long first)
    {
        public Address Source => source;

        public long First => first;

        public Dictionary<(KnockMethod Method, int Door), Course> Courses { get; } = [];

        /// <summary>The service and whether it was open to the client when it was last tried.</summary>
        public Dictionary<string, bool> Tried { get; } = new(StringComparer.Ordinal);

        /// <summary>A port of a knock that was sent to by the other protocol, and the knock.</summary>
        public (string Sent, string Door)? OtherProtocol { get; set; }

        /// <summary>Packets that could not be judged without a key.</summary>
        public long NotJudged { get; set; }

        public int Furthest => Courses.Count == 0 ? 0 : Courses.Values.Max(c => c.Done is not null ? 1000 : c.Best);

        /// <summary>The same port of the other protocol, as it is written.</summary>
        public void NoteOther(StepKind sent, ushort port, string door) => OtherProtocol ??= (string.Create(CultureInfo.InvariantCulture, $"{(sent == StepKind.Tcp ? "tcp" : "udp")}/{port}"), door);
    }
}
