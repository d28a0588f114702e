using System.Collections.Immutable;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;

namespace Postern.Sentry.Spa;

/// <summary>
/// Which ports of the pools are good now: of each that of the present time step, of the one before and of the one after. They are drawn when the clock leaves a step, whichever way, so that a packet costs a comparison.
/// </summary>
internal sealed class MovingPorts
{
    /// <summary>Steps before, at, and after the present one.</summary>
    private const int LiveSteps = 3;

    private readonly ImmutableArray<MovingPort> _ports;
    private readonly TokenSecret _secret;
    private readonly ushort[] _live;
    private long _from;
    private long _until;

    public MovingPorts(ImmutableArray<MovingPort> ports, OuterKey key)
    {
        (_ports, _secret) = (ports, key.DerivePortSecret());
        _live = new ushort[ports.Length * LiveSteps];
        Renew(0); // loads what a MAC needs, before the first packet
    }

    /// <summary>Whether it is in a pool.</summary>
    public bool Has(Transport transport, ushort port)
    {
        foreach (var moving in _ports)
        {
            if (moving.Pool.Contains(transport, port))
                return true;
        }

        return false;
    }

    /// <param name="transport">Of the packet.</param>
    /// <param name="port">Where it came to.</param>
    /// <param name="seconds">Since 1970, by the gate's clock.</param>
    public bool IsLive(Transport transport, ushort port, long seconds)
    {
        if (seconds < _from || seconds >= _until)
            Renew(seconds);
        for (var i = 0; i < _live.Length; i++)
        {
            if (_live[i] == port && _ports[i / LiveSteps].Pool.Transport == transport)
                return true;
        }

        return false;
    }

    /// <summary>Until the clock leaves the present step of any of them.</summary>
    private void Renew(long seconds)
    {
        (_from, _until) = (long.MinValue, long.MaxValue);
        for (var i = 0; i < _ports.Length; i++)
        {
            var moving = _ports[i];
            var present = moving.StepAt(seconds);
            if (present > 0)
                _from = Math.Max(_from, present * moving.Step);
            _until = Math.Min(_until, (present + 1) * moving.Step);
            for (var step = 0; step < LiveSteps; step++)
                _live[(i * LiveSteps) + step] = moving.PortOf(_secret, Math.Max(0, present - 1 + step));
        }
    }
}
