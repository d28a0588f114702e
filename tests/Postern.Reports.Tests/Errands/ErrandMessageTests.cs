using Postern.Reports.Errands;

namespace Postern.Reports.Tests.Errands;

/// <summary>The messages between warden and steward: what is read is exactly what can be written, in both directions.</summary>
public sealed class ErrandMessageTests
{
    private static readonly Address Client = Address.TryParse("2001:db8::7", out var address) ? address : throw new FormatException();

    private static readonly ErrandOrder[] Orders =
    [
        new(ErrandOrderKind.Run, "wake", Client, 4000) { Action = UInt128.MaxValue / 3, Until = TimeSpan.FromHours(5), Key = "alice@laptop", Holder = "0123456789abcdef", Data = "nas-2:home@x" },
        new(ErrandOrderKind.Run, "a", Client, 0) { Action = 1 },
        new(ErrandOrderKind.Extend, new('z', 32), Client, 65535) { Action = 1, Until = new(1), Holder = "" },
        new(ErrandOrderKind.Undo, "wake", Client, 0),
    ];

    private static readonly ErrandNote[] Notes =
    [
        new(ErrandNoteKind.Ran, "wake", Client, 1),
        new(ErrandNoteKind.Failed, "wake", Client, 0) { ExitCode = 255 },
        new(ErrandNoteKind.Failed, "wake", Client, 0) { Signal = 9 },
        new(ErrandNoteKind.Failed, "wake", Client, 0),
        new(ErrandNoteKind.TimedOut, "wake", Client, 0),
        new(ErrandNoteKind.Refused, new('z', 32), Client, 0) { Refusal = ErrandRefusal.NoSuchErrand },
        new(ErrandNoteKind.Undone, "wake", Client, 0) { ExitCode = 2 },
        new(ErrandNoteKind.Standing, "wake", Client, 65535) { Until = TimeSpan.FromDays(30), Holder = "0123456789abcdef", Data = "0" },
    ];

    [Fact]
    public void What_is_written_is_read()
    {
        foreach (var order in Orders)
        {
            var message = new byte[ErrandOrder.Size];
            order.Write(message);
            Assert.True(ErrandOrder.TryRead(message, out var read), $"{order}");
            Assert.Equal(order, read);
        }

        foreach (var note in Notes)
        {
            var message = new byte[ErrandNote.Size];
            note.Write(message);
            Assert.True(ErrandNote.TryRead(message, out var read), $"{note}");
            Assert.Equal(note, read);
        }
    }

    [Fact]
    public void The_sizes_are_those_of_the_table() => Assert.Equal((184, 104), (ErrandOrder.Size, ErrandNote.Size));

    /// <summary>Every byte of every message, set to every value: what is still read is written back as the same bytes.</summary>
    [Fact]
    public void Nothing_is_read_that_could_not_be_written()
    {
        foreach (var order in Orders)
        {
            var message = new byte[ErrandOrder.Size];
            var again = new byte[ErrandOrder.Size];
            order.Write(message);
            Change(message, () =>
            {
                if (!ErrandOrder.TryRead(message, out var read))
                    return;
                read.Write(again);
                Assert.Equal(message, again);
            });
        }

        foreach (var note in Notes)
        {
            var message = new byte[ErrandNote.Size];
            var again = new byte[ErrandNote.Size];
            note.Write(message);
            Change(message, () =>
            {
                if (!ErrandNote.TryRead(message, out var read))
                    return;
                read.Write(again);
                Assert.Equal(message, again);
            });
        }
    }

    [Fact]
    public void No_other_length_and_no_other_kind_is_read()
    {
        var message = new byte[ErrandOrder.Size + 1];
        Orders[0].Write(message);
        Assert.False(ErrandOrder.TryRead(message, out _));
        Assert.False(ErrandOrder.TryRead(message.AsSpan(..^2), out _));
        Assert.False(ErrandOrder.TryRead([], out _));
        Assert.False(ErrandNote.TryRead(message.AsSpan(..ErrandNote.Size), out _));
        for (var kind = 0; kind <= 0xff; kind++)
        {
            message[0] = (byte)kind;
            Assert.Equal(kind == 0x20, ErrandOrder.TryRead(message.AsSpan(..^1), out _));
        }
    }

    /// <summary>What reaches a program as an argument: never a control character, a blank, a shell's mark, or the begin of an option.</summary>
    [Theory]
    [InlineData("alice@laptop", "alice@laptop")]
    [InlineData("-rf", "_rf")]
    [InlineData("a b;c$(d)\n\0é😀'\"", "a_b_c__d________")]
    [InlineData("", "")]
    [InlineData("@x", "_x")]
    public void A_key_is_named_harmlessly(string name, string expected)
    {
        Assert.Equal(expected, KeyName.Of(name));
        Assert.True(KeyName.IsValid(expected));
        Assert.Equal(name == expected, KeyName.IsValid(name));
    }

    [Fact]
    public void A_long_name_is_cut() => Assert.Equal(64, KeyName.Of(new('x', 300)).Length);

    private static void Change(byte[] message, Action look)
    {
        for (var i = 0; i < message.Length; i++)
        {
            var before = message[i];
            for (var value = 0; value <= 0xff; value++)
            {
                message[i] = (byte)value;
                look();
            }

            message[i] = before;
        }
    }
}
