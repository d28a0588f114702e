using System.Text;
using Postern.Confinement;
using Postern.Confinement.Prisoner;

// wall deed...
//
// Puts up a wall ("Sentry", "Warden", "none"), does one deed after the other, and reports the result of each over the channel at descriptor 3.
// Ends with code 7 when it is through. Deeds: those of Deeds.cs, and "call NUMBER ARGUMENT...", a system call (an argument that begins with @
// is a text, whose address is given).
using var channel = Channel.Adopt(Descriptor.Adopt(3));
if (args[0] is not "none")
    Walls.Enter(Enum.Parse<SystemCallProfile>(args[0]));
foreach (var deed in args[1..])
{
    string result;
    try
    {
        result = Deeds.Do(deed);
    }
    catch (Exception e)
    {
        result = e.GetType().Name + ": " + e.Message;
    }

    if (!channel.TrySend(Encoding.UTF8.GetBytes(result.Length == 0 ? "nothing" : result)))
        return 8;
}

return 7;
