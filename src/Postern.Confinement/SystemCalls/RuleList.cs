using Postern.Confinement.Native;

namespace Postern.Confinement.SystemCalls;

/// <summary>What happens to which call, by name; the first rule for a call counts. What no rule names is denied with EPERM.</summary>
internal sealed class RuleList
{
    private readonly List<(string Name, Action<FilterProgram> Judge)> _rules = [];

    public void Allow(string names) => Add(names, program => program.Return(Verdict.Allow));

    /// <summary>As by a bug that tries once more: an error, and the process goes on.</summary>
    public void Deny(string names, int errno = Errno.NotPermitted) => Add(names, program => program.Return(Verdict.Deny(errno)));

    public void Kill(string names) => Add(names, program => program.Return(Verdict.Kill));

    /// <summary>For arguments that the kernel takes as 32 bits.</summary>
    public void AllowIf(string name, int argument, params uint[] values) => AllowIf(name, argument, Errno.NotPermitted, values);

    public void AllowIf(string name, int argument, int otherwise, params uint[] values) => Add(name, program =>
    {
        program.LoadArgument(argument);
        foreach (var value in values)
            program.IfEqual(value, () => program.Return(Verdict.Allow));
        program.Return(Verdict.Deny(otherwise));
    });

    /// <summary>If these bits of it, and no others under the mask, are set.</summary>
    public void AllowIfBits(string name, int argument, uint mask, uint value) => Add(name, program =>
    {
        program.LoadArgument(argument);
        program.And(mask);
        program.IfEqual(value, () => program.Return(Verdict.Allow));
        program.Return(Verdict.Deny(Errno.NotPermitted));
    });

    /// <summary>For addresses: all 64 bits.</summary>
    public void AllowIfNull(string name, int argument) => Add(name, program =>
    {
        program.LoadArgument(argument);
        program.IfEqual(0, () =>
        {
            program.LoadUpperHalfOf(argument);
            program.IfEqual(0, () => program.Return(Verdict.Allow));
        });
        program.Return(Verdict.Deny(Errno.NotPermitted));
    });

    public FilterProgram Assemble(SystemCallTable table)
    {
        var program = new FilterProgram();
        program.LoadArchitecture();
        program.Unless(table.Architecture, () => program.Return(Verdict.Kill));
        program.LoadNumber();
        // Calls of the x32 world have numbers of their own, which no rule knows.
        program.IfAtLeast(SystemCallTable.X32, () => program.Return(Verdict.Kill));
        // On what is newer than this list libc falls back, if it is told that there is no such call.
        program.IfAtLeast(SystemCallTable.Unknown, () => program.Return(Verdict.Deny(Errno.NoSystemCall)));

        var judged = new HashSet<int>();
        foreach (var (name, judge) in _rules)
        {
            if (table.Find(name) is { } number && judged.Add(number))
                program.IfEqual((uint)number, () => judge(program));
        }

        program.Return(Verdict.Deny(Errno.NotPermitted));
        return program;
    }

    private void Add(string names, Action<FilterProgram> judge)
    {
        foreach (var name in names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            _rules.Add((name, judge));
    }
}
