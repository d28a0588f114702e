using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>To a descriptor that others may write to as well, as standard error is: none of its settings is changed for it.</summary>
public static unsafe class Writing
{
    /// <summary>
    /// Writes if that needs no waiting: pwritev2(2) with RWF_NOWAIT. What a pipe or a socket takes of less than a page it takes whole.
    /// </summary>
    /// <returns>How many bytes were written, 0 where there is no room now; null where this descriptor can only be waited for, as a terminal or a file, or is gone.</returns>
    public static int? TryAtOnce(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            var vector = new Libc.IoVector { Base = start, Length = (nuint)bytes.Length };
            nint written;
            while (Libc.Interrupted(written = Libc.Write(descriptor, &vector, 1, Libc.AtItsPosition, Libc.WithoutWaiting)))
            {
            }

            return written >= 0 ? (int)written : Errno.Last == Errno.Again ? 0 : null;
        }
    }

    /// <summary>Writes all of it, however long that takes. False: it cannot be written.</summary>
    public static bool TryAll(int descriptor, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint written;
            fixed (byte* start = bytes)
            {
                while (Libc.Interrupted(written = Libc.Write(descriptor, start, (nuint)bytes.Length)))
                {
                }
            }

            if (written < 0 && Errno.Last == Errno.Again)
                Waiting.ForRoom(descriptor); // somebody else made it one that does not wait
            else if (written <= 0)
                return false;
            else
                bytes = bytes[(int)written..];
        }

        return true;
    }
}
