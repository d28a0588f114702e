namespace Postern.Packets.Filters;

/// <summary>A place in a program. Jumps go forward only, so it is named before it is placed.</summary>
internal readonly record struct BpfLabel(int Id);

/// <summary>
/// Puts a program together. A conditional jump can skip at most 255 instructions; where its target is further, it hops over to an
/// unconditional jump that stands right behind it (a trampoline).
/// </summary>
internal sealed class BpfAssembler
{
    private const int MaxSkip = byte.MaxValue;

    private readonly List<Line> _lines = [];

    /// <summary>Label → index of the line it stands before.</summary>
    private readonly List<int> _places = [];

    public BpfLabel NewLabel()
    {
        _places.Add(-1);
        return new(_places.Count - 1);
    }

    public void Place(BpfLabel label) => _places[label.Id] = _lines.Count;

    public void Do(BpfCode code, uint constant = 0) => _lines.Add(new(code, constant));

    public void Go(BpfLabel target) => _lines.Add(new(BpfCode.Jump, 0) { IsJump = true, Yes = target });

    /// <summary>Goes to one of two places.</summary>
    public void If(BpfCode comparison, uint constant, BpfLabel yes, BpfLabel no) =>
        _lines.Add(new(comparison, constant) { IsBranch = true, Yes = yes, No = no });

    /// <summary>Goes on with the next line unless the comparison holds.</summary>
    public void If(BpfCode comparison, uint constant, BpfLabel yes)
    {
        var next = NewLabel();
        If(comparison, constant, yes, next);
        Place(next);
    }

    /// <summary>Goes on with the next line if the comparison holds.</summary>
    public void Unless(BpfCode comparison, uint constant, BpfLabel no)
    {
        var next = NewLabel();
        If(comparison, constant, next, no);
        Place(next);
    }

    /// <summary>A trampoline moves what is behind it and may so make another one needed; they are only ever added, so this comes to an end.</summary>
    public BpfInstruction[] Assemble()
    {
        var at = new int[_lines.Count + 1];
        do
        {
            for (var i = 0; i < _lines.Count; i++)
                at[i + 1] = at[i] + _lines[i].Size;
        }
        while (AddTrampolines(at));

        var program = new List<BpfInstruction>(at[^1]);
        for (var i = 0; i < _lines.Count; i++)
            Emit(_lines[i], at[i], at, program);
        return [.. program];
    }

    private bool AddTrampolines(int[] at)
    {
        var added = false;
        for (var i = 0; i < _lines.Count; i++)
        {
            var line = _lines[i];
            if (!line.IsBranch)
                continue;
            if (!line.FarYes && Distance(line.Yes, at[i], at) > MaxSkip)
                added = line.FarYes = true;
            if (!line.FarNo && Distance(line.No, at[i], at) > MaxSkip)
                added = line.FarNo = true;
        }

        return added;
    }

    private void Emit(Line line, int address, int[] at, List<BpfInstruction> program)
    {
        if (line.IsJump)
        {
            program.Add(new(BpfCode.Jump, 0, 0, (uint)Distance(line.Yes, address, at)));
            return;
        }

        if (!line.IsBranch)
        {
            program.Add(new(line.Code, 0, 0, line.Constant));
            return;
        }

        var yes = line.FarYes ? 0 : Distance(line.Yes, address, at);
        var no = line.FarNo ? (line.FarYes ? 1 : 0) : Distance(line.No, address, at);
        program.Add(new(line.Code, (byte)yes, (byte)no, line.Constant));
        if (line.FarYes)
            program.Add(new(BpfCode.Jump, 0, 0, (uint)Distance(line.Yes, address + 1, at)));
        if (line.FarNo)
            program.Add(new(BpfCode.Jump, 0, 0, (uint)Distance(line.No, address + (line.FarYes ? 2 : 1), at)));
    }

    private int Distance(BpfLabel target, int from, int[] at)
    {
        var place = _places[target.Id];
        var distance = place < 0 ? -1 : at[place] - from - 1;
        return distance >= 0 ? distance : throw new InvalidOperationException("a jump to nowhere, or back");
    }

    private sealed class Line(BpfCode code, uint constant)
    {
        public BpfCode Code { get; } = code;

        public uint Constant { get; } = constant;

        public bool IsJump { get; init; }

        public bool IsBranch { get; init; }

        public BpfLabel Yes { get; init; }

        public BpfLabel No { get; init; }

        public bool FarYes { get; set; }

        public bool FarNo { get; set; }

        public int Size => 1 + (FarYes ? 1 : 0) + (FarNo ? 1 : 0);
    }
}
