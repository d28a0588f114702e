using Postern.Knocks.Ports;

namespace Postern.Knocks.Tests.Ports;

/// <summary>ISO/IEC 18004 (QR codes) has the same code.</summary>
public sealed class ReedSolomonTests
{
    /// <summary>"HELLO WORLD" in a symbol of version 1-M, as every description of QR codes has it.</summary>
    [Fact]
    public void It_is_the_code_of_qr()
    {
        byte[] word = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17, .. new byte[10]];
        new ReedSolomon(10).Encode(word);
        Assert.Equal<byte>([196, 35, 39, 119, 235, 215, 231, 226, 93, 23], word[16..]);
    }

    /// <summary>All that it should mend, and in any mixture: twice what is wrong and once what is missing make at most eight.</summary>
    [Fact]
    public void It_mends_what_is_missing_and_what_is_wrong()
    {
        var (random, code) = (new Random(1), new ReedSolomon(8));
        for (var i = 0; i < 20_000; i++)
        {
            var (word, places) = (new byte[24], Enumerable.Range(0, 24).ToArray());
            random.NextBytes(word.AsSpan(0, 16));
            code.Encode(word);
            random.Shuffle(places);
            var wrong = random.Next(5);
            var missing = random.Next((8 - (2 * wrong)) + 1);
            var (sent, mask) = (word.ToArray(), 0ul);
            foreach (var place in places[..wrong])
                word[place] ^= (byte)random.Next(1, 256);
            foreach (var place in places[wrong..(wrong + missing)])
                (word[place], mask) = ((byte)random.Next(256), mask | (1ul << place));
            Assert.True(code.TryDecode(word, mask), $"{wrong} wrong, {missing} missing");
            Assert.Equal(sent, word);
        }
    }

    [Fact]
    public void Beyond_that_it_says_no_or_gives_another_word_of_the_code()
    {
        var (random, code, no) = (new Random(2), new ReedSolomon(8), 0);
        for (var i = 0; i < 5_000; i++)
        {
            var word = new byte[24];
            random.NextBytes(word);
            if (!code.TryDecode(word, (ulong)random.Next(1 << 24) & (ulong)random.Next(1 << 24) & (ulong)random.Next(1 << 24)))
            {
                no++;
                continue;
            }

            var again = word.ToArray();
            code.Encode(again);
            Assert.Equal(again, word);
        }

        Assert.InRange(no, 3_000, 5_000);
    }
}
