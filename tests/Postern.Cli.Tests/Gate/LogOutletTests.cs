using System.Text;
using Postern.Cli.Gate;
using Postern.Confinement;

namespace Postern.Cli.Tests.Gate;

public sealed class LogOutletTests
{
    [Fact]
    public void While_somebody_reads_a_line_is_there_when_the_call_is_over_and_no_thread_was_needed()
    {
        var (read, write) = Pipe.Make();
        using (read)
        using (write)
        using (var outlet = new LogOutlet(write.Number))
        {
            outlet.Write("one\n"u8);
            outlet.Write("two\n"u8);
            Assert.Equal("one\ntwo\n", Encoding.ASCII.GetString(ReadSome(read)));
            Assert.False(outlet.HasWriter);
        }
    }

    [Fact]
    public void Nobody_waits_for_whoever_does_not_read_and_what_he_reads_later_is_in_order()
    {
        var (read, write) = Pipe.Make();
        using (read)
        {
            var outlet = new LogOutlet(write.Number);
            const int Lines = LogOutlet.MostWaiting + 5000;
            for (var i = 0; i < Lines; i++)
                outlet.Write(Encoding.ASCII.GetBytes($"{i,99}\n"));
            Assert.Equal(0, outlet.TakeDropped()); // no room yet to say so

            var text = new StringBuilder();
            var dropped = 0L;
            while (dropped == 0)
            {
                text.Append(Encoding.ASCII.GetString(ReadSome(read)));
                dropped = outlet.TakeDropped();
            }

            Assert.Equal(0, outlet.TakeDropped());
            var reader = Task.Run(() =>
            {
                for (var some = ReadSome(read); some.Length > 0; some = ReadSome(read))
                    text.Append(Encoding.ASCII.GetString(some));
            }, TestContext.Current.CancellationToken);
            outlet.Dispose();
            write.Dispose();
            reader.Wait(TestContext.Current.CancellationToken);
            var seen = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray();
            Assert.Equal(Enumerable.Range(0, seen.Length), seen);
            Assert.Equal(Lines, seen.Length + dropped);
        }
    }

    [Fact]
    public void A_file_gets_all_lines_in_order_behind_what_others_wrote_meanwhile()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0))
        using (var outlet = new LogOutlet((int)file.SafeFileHandle.DangerousGetHandle()))
        {
            for (var i = 0; i < 500; i++)
                outlet.Write(Encoding.ASCII.GetBytes($"{i}\n"));
        }

        var lines = File.ReadAllLines(path);
        File.Delete(path);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), lines);
    }

    [Fact]
    public void A_line_that_is_longer_than_a_pipe_takes_whole_is_written_by_the_thread()
    {
        var (read, write) = Pipe.Make();
        using (read)
        {
            var outlet = new LogOutlet(write.Number);
            outlet.Write(Encoding.ASCII.GetBytes(new string('x', 200_000) + "\n"));
            outlet.Write("short\n"u8);
            Assert.True(outlet.HasWriter);
            var text = new StringBuilder();
            while (!text.ToString().EndsWith("short\n", StringComparison.Ordinal))
                text.Append(Encoding.ASCII.GetString(ReadSome(read)));
            Assert.Equal(new string('x', 200_000) + "\nshort\n", text.ToString());
            outlet.Dispose();
            write.Dispose();
        }
    }

    [Fact]
    public void A_line_is_one_whatever_is_in_it()
    {
        var room = new StringBuilder();
        new JournalLine().Write(room, Microsoft.Extensions.Logging.LogLevel.Warning, "postern", 101, "a\nb\e[31m", new InvalidOperationException("c\rd"));
        Assert.Equal("<4>postern[101] a b [31m System.InvalidOperationException: c d\n", room.ToString());
        room.Clear();
        new TerminalLine(hasColour: false).Write(room, Microsoft.Extensions.Logging.LogLevel.Information, "postern", 110, "said", fault: null);
        Assert.Matches(@"^\d\d:\d\d:\d\d\.\d\d\d info: postern\[110\] said\n$", room.ToString());
    }

    private static byte[] ReadSome(Descriptor from)
    {
        var room = new byte[65536];
        using var file = new FileStream(new(from.Number, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        return room[..file.Read(room)];
    }
}
