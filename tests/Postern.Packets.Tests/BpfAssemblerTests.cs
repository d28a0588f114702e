using Postern.Packets.Filters;

namespace Postern.Packets.Tests;

/// <summary>A branch goes where it is told, however far, to either side of the 255 that a conditional jump can skip.</summary>
public sealed class BpfAssemblerTests
{
    [Fact]
    public void Near_and_far()
    {
        int[] distances = [0, 1, 253, 254, 255, 256, 257, 700];
        foreach (var before in distances)
        {
            foreach (var between in distances)
            {
                foreach (var yesFirst in new[] { true, false })
                {
                    var program = Branch(before, between, yesFirst);
                    Assert.Equal(11u, BpfInterpreter.Run(program, [5], 0));
                    Assert.Equal(22u, BpfInterpreter.Run(program, [6], 0));
                }
            }
        }
    }

    private static BpfInstruction[] Branch(int before, int between, bool yesFirst)
    {
        var code = new BpfAssembler();
        var yes = code.NewLabel();
        var no = code.NewLabel();
        code.Do(BpfCode.LoadByte, 0);
        code.If(BpfCode.JumpIfEqual, 5, yes, no);
        Fill(code, before);
        Place(code, yesFirst ? yes : no, yesFirst ? 11u : 22u);
        Fill(code, between);
        Place(code, yesFirst ? no : yes, yesFirst ? 22u : 11u);
        return code.Assemble();
    }

    private static void Fill(BpfAssembler code, int count)
    {
        for (var i = 0; i < count; i++)
            code.Do(BpfCode.Return, 99);
    }

    private static void Place(BpfAssembler code, BpfLabel label, uint answer)
    {
        code.Place(label);
        code.Do(BpfCode.Return, answer);
    }

    [Fact]
    public void A_jump_back_or_to_nowhere_is_a_mistake()
    {
        var back = new BpfAssembler();
        var label = back.NewLabel();
        back.Place(label);
        back.Go(label);
        Assert.Throws<InvalidOperationException>(back.Assemble);

        var nowhere = new BpfAssembler();
        nowhere.Go(nowhere.NewLabel());
        Assert.Throws<InvalidOperationException>(nowhere.Assemble);
    }
}
