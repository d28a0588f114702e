using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>A user of this host, with all groups that the host's files put him into.</summary>
/// <param name="Name">As it was asked for.</param>
/// <param name="User">Number.</param>
/// <param name="Group">His own.</param>
/// <param name="Groups">All, his own among them.</param>
/// <param name="Home">Folder.</param>
public sealed unsafe record Account(string Name, uint User, uint Group, ImmutableArray<uint> Groups, string Home)
{
    private const int MostGroups = 65_536;
    private const int LargestEntry = 1 << 20;

    /// <summary>Null: there is no such user (getpwnam_r(3)).</summary>
    /// <exception cref="ConfinementException">The host's files could not be asked.</exception>
    public static Account? Find(string name)
    {
        var (number, group, home) = (0u, 0u, "");
        var found = Ask(name, "user", (buffer, length) =>
        {
            Libc.UserEntry entry;
            Libc.UserEntry* result = null;
            var error = Libc.GetUser(name, &entry, (byte*)buffer, length, &result);
            if (result is not null)
                (number, group, home) = (entry.User, entry.Group, Marshal.PtrToStringUTF8((nint)entry.Home) ?? "");
            return (error, result is not null);
        });
        return found ? new(name, number, group, GroupsOf(name, group), home) : null;
    }

    /// <summary>Effective user of this process.</summary>
    public static uint CurrentUser => Libc.EffectiveUser();

    /// <summary>Number of a group of this host; null: there is none of that name (getgrnam_r(3)).</summary>
    /// <exception cref="ConfinementException">The host's files could not be asked.</exception>
    public static uint? FindGroup(string name)
    {
        var number = 0u;
        var found = Ask(name, "group", (buffer, length) =>
        {
            Libc.GroupEntry entry;
            Libc.GroupEntry* result = null;
            var error = Libc.GetGroup(name, &entry, (byte*)buffer, length, &result);
            if (result is not null)
                number = entry.Group;
            return (error, result is not null);
        });
        return found ? number : null;
    }

    private static bool Ask(string name, string kind, Func<nint, nuint, (int Error, bool Found)> ask)
    {
        for (var length = 4096; length <= LargestEntry; length *= 4)
        {
            var buffer = NativeMemory.Alloc((nuint)length);
            try
            {
                var (error, found) = ask((nint)buffer, (nuint)length);
                if (found)
                    return true;
                // POSIX lets "there is none" look like each of these (getpwnam_r(3), ERRORS).
                if (error is 0 or Errno.NoEntry or Errno.NoProcess or Errno.BadDescriptor or Errno.NotPermitted)
                    return false;
                if (error is not (Errno.Range or Errno.Interrupted))
                    throw new ConfinementException($"cannot look up {kind} '{name}': {Errno.Text(error)}", "see nsswitch.conf(5), and what it names");
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }

        throw new ConfinementException($"cannot look up {kind} '{name}': the entry is too long", "see getent(1)");
    }

    private static ImmutableArray<uint> GroupsOf(string name, uint group)
    {
        for (var room = 64; room <= MostGroups; room *= 4)
        {
            var count = room;
            var groups = new uint[room];
            fixed (uint* first = groups)
            {
                if (Libc.GetGroupList(name, group, first, &count) >= 0)
                    return [.. groups.AsSpan(0, count)];
            }
        }

        throw new ConfinementException($"user '{name}' is in more groups than Linux allows", "take it out of some");
    }
}
