using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>What a batch does with the elements of a grant, in this order.</summary>
[Flags]
internal enum GrantSteps
{
    /// <summary>Adds those that are not there.</summary>
    Ensure = 1,

    /// <summary>Takes them out; fails with ENOENT where one is not there.</summary>
    Remove = 2,

    /// <summary>Adds them with their full time.</summary>
    Add = 4,

    /// <summary>The same, and fails with EEXIST where one is there.</summary>
    Create = 8,
}

/// <summary>A grant as a batch: each step is one message to each set that it has elements in, or a few where the service has many ports.</summary>
internal readonly record struct GrantBatch(ProtectedService Service, Grantee To, ForwardTarget? Target, ulong Milliseconds)
{
    /// <summary>Of a grant in all its sets.</summary>
    public const int MaxElements = 1024;

    /// <summary>Nests and key 12 + 28, value 8 + 20, time-out 12, comment 4 + 2 + a name of 32 characters that UTF-8 may treble + a holder of 16 after a space + NUL, padded.</summary>
    public const int LongestElement = 12 + 28 + 8 + 20 + 12 + 4 + 116;

    /// <summary>Nobody knows of an element of it in the kernel: it is tried with one step instead of three.</summary>
    public bool IsNew { get; init; }

    /// <summary>All that the grant has elements in, or those that are to be dealt with.</summary>
    public GrantSet[] Sets { get; init; } = GrantSet.For(To, Target);

    // The list of elements is an attribute, whose length is 16 bits.
    private const int ElementsInMessage = 256;

    /// <summary>Writes the batch and returns the sequence number of the message that asks for an acknowledgement.</summary>
    public uint Write(ref NetlinkBatch batch, GrantSteps steps)
    {
        batch.BeginBatch();
        WriteSteps(ref batch, steps, isLast: true);
        return End(ref batch);
    }

    /// <summary>Several as one, each opened in the way that fits it.</summary>
    public static uint Write(ref NetlinkBatch batch, ReadOnlySpan<GrantBatch> grants)
    {
        batch.BeginBatch();
        for (var i = 0; i < grants.Length; i++)
            grants[i].WriteSteps(ref batch, grants[i].IsNew ? GrantSteps.Create : GrantSteps.Ensure | GrantSteps.Remove | GrantSteps.Add, isLast: i == grants.Length - 1);
        return End(ref batch);
    }

    private static uint End(ref NetlinkBatch batch)
    {
        var last = batch.NextSequence - 1;
        batch.EndBatch();
        return last;
    }

    private void WriteSteps(ref NetlinkBatch batch, GrantSteps steps, bool isLast)
    {
        for (var step = GrantSteps.Ensure; step <= GrantSteps.Create; step = (GrantSteps)((int)step << 1))
        {
            if ((steps & step) != step)
                continue;
            for (var i = 0; i < Sets.Length; i++)
                WriteStep(ref batch, Sets[i], step, asked: isLast && (int)steps < (int)step << 1 && i == Sets.Length - 1);
        }
    }

    private void WriteStep(ref NetlinkBatch batch, GrantSet set, GrantSteps step, bool asked)
    {
        var left = CountPorts();
        var inMessage = 0;
        var list = 0;
        for (var i = 0; i < Service.Ports.Length; i++)
        {
            var range = Service.Ports[i];
            for (int port = range.First; port <= range.Last; port++)
            {
                if (IsRepeated(i, (ushort)port))
                    continue;
                if (inMessage == 0)
                    list = BeginMessage(ref batch, set, step, asked && left <= ElementsInMessage);
                GrantElement.Write(ref batch, set, new(Service.Name, To, range.Transport, (ushort)port, default) { Target = Target }, step == GrantSteps.Remove ? 0 : Milliseconds);
                left--;
                if (++inMessage < ElementsInMessage && left > 0)
                    continue;
                batch.CloseNest(list);
                batch.EndMessage();
                inMessage = 0;
            }
        }
    }

    private static int BeginMessage(ref NetlinkBatch batch, GrantSet set, GrantSteps step, bool asked)
    {
        var kind = step == GrantSteps.Remove ? NftMessage.DeleteSetElement : NftMessage.NewSetElement;
        var flags = asked ? NfTablesWire.FlagAcknowledge : 0;
        if (step != GrantSteps.Remove)
            flags |= NfTablesWire.FlagCreate;
        if (step == GrantSteps.Create)
            flags |= NfTablesWire.FlagExclusive;
        batch.BeginMessage(kind, flags);
        batch.Text(NfTablesWire.InTable, Ruleset.Table);
        batch.Text(NfTablesWire.Within, set.Name);
        return batch.OpenNest(NfTablesWire.Element.List);
    }

    /// <summary>A port that stands in two ranges of the service is one element, which a batch must not take out twice.</summary>
    private bool IsRepeated(int range, ushort port)
    {
        for (var i = 0; i < range; i++)
        {
            if (Service.Ports[i].Contains(Service.Ports[range].Transport, port))
                return true;
        }

        return false;
    }

    public int CountPorts()
    {
        var count = 0;
        for (var i = 0; i < Service.Ports.Length; i++)
        {
            var range = Service.Ports[i];
            if (i == 0)
            {
                count = range.Count;
                continue;
            }

            for (int port = range.First; port <= range.Last; port++)
                count += IsRepeated(i, (ushort)port) ? 0 : 1;
        }

        return count;
    }
}
