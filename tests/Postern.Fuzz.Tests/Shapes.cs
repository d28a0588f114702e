using System.Globalization;

namespace Postern.Fuzz.Tests;

/// <summary>All that the compiler makes of branches and of handlers.</summary>
public static class Shapes
{
    public static void Read(ReadOnlySpan<byte> input) => All();

    public static string All() => string.Join(' ', Switch(0), Switch(3), Switch(9), Loop(5), Handlers(0), Handlers(1), Handlers(2), Handlers(3), Stack(true), Stack(false), string.Join(',', Numbers(4)), Later().GetAwaiter().GetResult(), Filled(3));

    private static int Switch(int n) => n switch { 0 => 10, 1 => 11, 2 => 12, 3 => 13, 4 => 14, _ => -1 };

    private static int Loop(int n)
    {
        var sum = 0;
        for (var i = 0; i < n; i++)
        {
            if (i == 3)
                continue;
            sum += i;
        }

        return sum;
    }

    private static string Handlers(int n)
    {
        var text = "";
        try
        {
            try
            {
                text += n switch { 0 => "a", 1 => throw new InvalidOperationException("one"), 2 => throw new ArgumentNullException(null, "two"), _ => int.Parse("x", CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) };
            }
            catch (InvalidOperationException e) when (e.Message == "one")
            {
                return text + "filtered";
            }
            finally
            {
                text += "f";
            }
        }
        catch (ArgumentException e)
        {
            text += e.Message;
        }
        catch (FormatException)
        {
            text += "format";
        }

        return text;
    }

    /// <summary>A branch while something is on the stack.</summary>
    private static string Stack(bool flag) => string.Concat("a", flag ? "b" : "c", flag && DateTime.MinValue.Year == 1 ? "d" : "e");

    private static IEnumerable<int> Numbers(int n)
    {
        for (var i = 0; i < n; i++)
        {
            if (i != 2)
                yield return i;
        }
    }

    private static async Task<int> Later()
    {
        await Task.Yield();
        return await Task.FromResult(7) + 1;
    }

    private static int Filled(int n)
    {
        Span<int> room = stackalloc int[n > 2 ? n : 8];
        room.Fill(n);
        return room[0] + room.Length;
    }
}
