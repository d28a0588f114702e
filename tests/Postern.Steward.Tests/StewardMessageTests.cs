using Postern.Steward;

namespace Postern.Steward.Tests;

public sealed class StewardMessageTests
{
    [Theory]
    [InlineData("")]
    [InlineData("guarding")]
    [InlineData("cannot open a packet socket: Operation not permitted\nrun as root")]
    public void What_is_written_is_read(string text)
    {
        var bytes = new byte[StewardMessage.Size];
        foreach (var word in Enum.GetValues<StewardWord>())
        {
            var message = new StewardMessage(word, -3, int.MaxValue, text);
            Array.Fill(bytes, (byte)0xff);
            message.Write(bytes);
            Assert.True(StewardMessage.TryRead(bytes, out var read));
            Assert.Equal(message, read);
        }
    }

    [Fact]
    public void A_long_text_is_cut_between_characters()
    {
        var bytes = new byte[StewardMessage.Size];
        new StewardMessage(StewardWord.Ready, Text: "x" + new string('é', 400)).Write(bytes);
        Assert.True(StewardMessage.TryRead(bytes, out var read));
        Assert.Equal("x" + new string('é', 249), read.Text);
    }

    [Fact]
    public void What_cannot_have_been_written_is_refused()
    {
        var good = new byte[StewardMessage.Size];
        new StewardMessage(StewardWord.Ready, Text: "guarding").Write(good);
        Assert.False(StewardMessage.TryRead(good.AsSpan(1), out _));
        Assert.False(StewardMessage.TryRead([.. good, 0], out _));
        Assert.False(Read(b => b[0] = 0x99));       // no such word
        Assert.False(Read(b => b[3] = 0x02));       // a text that is longer than can be
        Assert.False(Read(b => b[2] = 3));          // bytes behind the text
        Assert.False(Read(b => b[^1] = 1));

        bool Read(Action<byte[]> spoil)
        {
            var spoilt = good.ToArray();
            spoil(spoilt);
            return StewardMessage.TryRead(spoilt, out _);
        }
    }

    [Fact]
    public void The_pace_slows_down_after_short_lives_and_never_gives_up()
    {
        var pace = new Pace(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        double[] short1 = [.. Enumerable.Range(0, 8).Select(_ => pace.After(TimeSpan.FromSeconds(1)).TotalMilliseconds)];
        Assert.Equal([0, 50, 100, 200, 400, 800, 1000, 1000], short1);
        Assert.Equal(TimeSpan.Zero, pace.After(TimeSpan.FromSeconds(10)));
        Assert.Equal(50, pace.After(TimeSpan.Zero).TotalMilliseconds);
    }
}
