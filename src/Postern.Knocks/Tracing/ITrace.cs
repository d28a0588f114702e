using Postern.Packets;
using Postern.Reports.Watching;

namespace Postern.Knocks.Tracing;

/// <summary>
/// Is told what each door makes of a packet. It only listens: nothing that it does changes what a detector decides. For each packet that could be read
/// it is asked once whether it wants to know, and then told by every detector that has something to say, all before the next packet; a packet that nobody has
/// anything to say of concerned no door. Where there is no trace, a packet costs no more than the question whether there is one.
/// </summary>
public interface ITrace
{
    /// <summary>Whether anything is to be told of this packet. To tell costs up to a microsecond for each door that names the packet's port.</summary>
    /// <param name="packet">What is about to be looked at.</param>
    /// <param name="now">Nanoseconds, by the clock of the packet's source.</param>
    bool Wants(in PacketView packet, long now);

    /// <summary>What one door makes of the packet that was wanted last.</summary>
    void Note(in Thought thought);
}
