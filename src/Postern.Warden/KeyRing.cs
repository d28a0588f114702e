using System.Collections.Immutable;
using System.Globalization;
using Postern.Keys.Ssh;

namespace Postern.Warden;

/// <summary>
/// The identities by their hint. A key is in it once, by the first line that names it, as in OpenSSH's file; a line that revokes it goes
/// before all others. Keys that differ may share a hint, and then each is tried.
/// </summary>
internal sealed class KeyRing
{
    private readonly Dictionary<ulong, ImmutableArray<Identity>> _byHint = [];

    public KeyRing(ImmutableArray<Identity> identities) : this(identities, identity => identity.Key.Hint) { }

    /// <param name="identities">In the order in which they are listed.</param>
    /// <param name="hintOf">For tests: nobody can make two keys that share a hint.</param>
    internal KeyRing(ImmutableArray<Identity> identities, Func<Identity, ulong> hintOf)
    {
        var keys = new Dictionary<SshPublicKey, Identity>(identities.Length);
        foreach (var identity in identities)
        {
            if (!keys.TryAdd(identity.Key, identity) && identity.Revoked)
                keys[identity.Key] = identity;
        }

        _byHint.EnsureCapacity(keys.Count);
        foreach (var identity in keys.Values)
        {
            if (!_byHint.TryAdd(hintOf(identity), [identity]))
                _byHint[hintOf(identity)] = [.. _byHint[hintOf(identity)], identity];
        }
    }

    public ImmutableArray<Identity> Of(ulong hint) => _byHint.GetValueOrDefault(hint, []);

    /// <summary>Of the hint as it stands in a grant.</summary>
    public ImmutableArray<Identity> Of(string holder) => Of(ulong.Parse(holder, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
}
