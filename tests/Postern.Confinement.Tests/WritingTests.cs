using System.Text;

namespace Postern.Confinement.Tests;

/// <summary>Truth: pipe(7) and pwritev2(2), on the real kernel.</summary>
public sealed class WritingTests
{
    [Fact]
    public void A_pipe_takes_a_line_at_once_until_it_is_full_and_then_nothing_of_it()
    {
        var (read, write) = Pipe.Make();
        using (read)
        using (write)
        {
            var line = new byte[1000];
            var taken = 0;
            while (Writing.TryAtOnce(write.Number, line) is > 0 and var written)
            {
                Assert.Equal(line.Length, written);
                Assert.True(++taken < 10_000);
            }

            Assert.True(taken > 10);
            Assert.Equal(0, Writing.TryAtOnce(write.Number, line));
        }
    }

    [Fact]
    public void What_can_only_be_waited_for_says_so()
    {
        Assert.Null(Writing.TryAtOnce(-1, "line\n"u8));
        var (read, write) = Pipe.Make();
        read.Dispose();
        using (write)
        {
            Assert.Null(Writing.TryAtOnce(write.Number, "line\n"u8));
            Assert.False(Writing.TryAll(write.Number, "line\n"u8));
        }
    }

    [Fact]
    public void All_is_written_however_long_it_takes()
    {
        var (read, write) = Pipe.Make();
        var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 50_000).Select(i => $"{i} ")));
        using (read)
        {
            var writer = Task.Run(() =>
            {
                using (write)
                    return Writing.TryAll(write.Number, text);
            }, TestContext.Current.CancellationToken);
            using var file = new FileStream(new(read.Number, ownsHandle: false), FileAccess.Read, bufferSize: 0);
            using var seen = new MemoryStream();
            file.CopyTo(seen);
            Assert.True(writer.Result);
            Assert.Equal(text, seen.ToArray());
        }
    }
}
