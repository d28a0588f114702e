using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Postern.Fuzz.Engine;

/// <summary>Writes copies of assemblies in which every basic block begins with a call of <see cref="Edges.Hit"/>.</summary>
public static class Instrumenter
{
    /// <summary>Every method of every type; returns how many places there are.</summary>
    /// <param name="from">An assembly.</param>
    /// <param name="to">Its copy.</param>
    /// <param name="wanted">Which types, by their full name; null: all.</param>
    public static int Rewrite(string from, string to, Func<string, bool>? wanted = null)
    {
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(Path.GetDirectoryName(Path.GetFullPath(from)));
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
        using var assembly = AssemblyDefinition.ReadAssembly(from, new() { AssemblyResolver = resolver, InMemory = true });
        var module = assembly.MainModule;
        var hit = module.ImportReference(typeof(Edges).GetMethod(nameof(Edges.Hit)));
        var places = new Places(assembly.Name.Name);
        foreach (var type in module.GetTypes().Where(t => wanted?.Invoke(t.FullName) != false))
        {
            foreach (var method in type.Methods.Where(m => m.HasBody))
                Rewrite(method.Body, hit, places);
        }

        assembly.Write(to);
        return places.Count;
    }

    private static void Rewrite(MethodBody body, MethodReference hit, Places places)
    {
        // Short branches would no longer reach; the sizes are chosen anew at the end.
        body.SimplifyMacros();
        var il = body.GetILProcessor();
        foreach (var leader in Leaders(body))
        {
            var number = il.Create(OpCodes.Ldc_I4, places.Next());
            il.InsertBefore(leader, number);
            il.InsertBefore(leader, il.Create(OpCodes.Call, hit));
            Retarget(body, leader, number);
        }

        body.OptimizeMacros();
    }

    /// <summary>The first instruction, each that is jumped to, each behind a jump, and where a handler begins.</summary>
    private static List<Instruction> Leaders(MethodBody body)
    {
        var leaders = new HashSet<Instruction> { body.Instructions[0] };
        foreach (var instruction in body.Instructions)
        {
            if (instruction.Operand is Instruction target)
                leaders.Add(target);
            foreach (var one in instruction.Operand as Instruction[] ?? [])
                leaders.Add(one);
            if (instruction.OpCode.FlowControl is FlowControl.Cond_Branch or FlowControl.Branch && instruction.Next is { } next)
                leaders.Add(next);
        }

        foreach (var handler in body.ExceptionHandlers)
        {
            leaders.Add(handler.HandlerStart);
            if (handler.FilterStart is { } filter)
                leaders.Add(filter);
        }

        return [.. body.Instructions.Where(leaders.Contains)];
    }

    /// <summary>The call stands before the old first instruction of the block, on an empty or a full stack alike: it takes nothing and leaves nothing.</summary>
    private static void Retarget(MethodBody body, Instruction old, Instruction first)
    {
        foreach (var instruction in body.Instructions)
        {
            if (instruction.Operand == old)
                instruction.Operand = first;
            else if (instruction.Operand is Instruction[] cases)
                instruction.Operand = Array.ConvertAll(cases, c => c == old ? first : c);
        }

        foreach (var handler in body.ExceptionHandlers)
        {
            handler.TryStart = handler.TryStart == old ? first : handler.TryStart;
            handler.TryEnd = handler.TryEnd == old ? first : handler.TryEnd;
            handler.FilterStart = handler.FilterStart == old ? first : handler.FilterStart;
            handler.HandlerStart = handler.HandlerStart == old ? first : handler.HandlerStart;
            handler.HandlerEnd = handler.HandlerEnd == old ? first : handler.HandlerEnd;
        }
    }

    /// <summary>Numbers that are the same for the same assembly, and spread over the map.</summary>
    private sealed class Places(string assembly)
    {
        private readonly uint _seed = assembly.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u);

        public int Count { get; private set; }

        public int Next() => (int)(((_seed + (uint)Count++) * 0x9e3779b1u) >> 16);
    }
}
