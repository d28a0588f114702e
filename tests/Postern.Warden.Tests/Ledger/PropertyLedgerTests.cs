using FsCheck;
using FsCheck.Fluent;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

/// <summary>Against a model that remembers every acceptance there ever was: none happens twice, whatever befalls the ledger in between.</summary>
public sealed class PropertyLedgerTests
{
    private enum Event
    {
        /// <summary>A request with a time that nobody used before.</summary>
        New,

        /// <summary>One that was made before, accepted or not.</summary>
        Again,

        /// <summary>One that is older than others, and was held up.</summary>
        Late,

        Restart,

        /// <summary>Ended in the middle of an append that was told to nobody.</summary>
        Crash,

        /// <summary>From here on a step of the disk's fails.</summary>
        Sick,

        Well,

        /// <summary>The gate's clock is set, to either side.</summary>
        Clock,
    }

    private readonly record struct Happening(Event What, int Number, int Device);

    private static readonly Gen<Happening> Happenings =
        from what in Gen.Frequency(
            (30, Gen.Constant(Event.New)), (20, Gen.Constant(Event.Again)), (10, Gen.Constant(Event.Late)), (3, Gen.Constant(Event.Restart)),
            (2, Gen.Constant(Event.Crash)), (2, Gen.Constant(Event.Sick)), (4, Gen.Constant(Event.Well)), (1, Gen.Constant(Event.Clock)))
        from number in Gen.Choose(0, 1_000_000)
        from device in Gen.Choose(0, 24)
        select new Happening(what, number, device);

    [Fact]
    public void Nothing_is_accepted_twice() =>
        Prop.ForAll(Happenings.ArrayOf(400).ToArbitrary(), all =>
        {
            using var street = new Street();
            foreach (var happening in all)
                street.Live(happening);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    private sealed class Street : IDisposable
    {
        private readonly LedgerFolder _folder = new();
        private readonly List<(int Key, uint Device, ulong Time)> _made = [];
        private readonly HashSet<(int Key, uint Device, ulong Time)> _accepted = [];
        private LedgerFile _ledger;
        private TimeSpan _clock;
        private ulong _time = LedgerFolder.StartTime;
        private LedgerStep? _sick;

        public Street() => _ledger = Open();

        private LedgerFile Open() => _folder.Open(_clock, before: step =>
        {
            if (step == _sick)
                throw new IOException("Input/output error");
        }, slack: 3);

        public void Live(Happening happening)
        {
            switch (happening.What)
            {
                case Event.New:
                    // A client's first device is always the same; the others come and go.
                    Ask((happening.Number % 3, (uint)(happening.Number % 2 == 0 ? happening.Device % 3 : happening.Device), _time += 1 + (ulong)(happening.Number % 7)), isNew: true);
                    break;
                case Event.Again when _made.Count > 0:
                    Ask(_made[happening.Number % _made.Count], isNew: false);
                    break;
                case Event.Late:
                    Ask((happening.Number % 3, (uint)happening.Device, _time - (ulong)(happening.Number % 100)), isNew: false);
                    break;
                case Event.Restart:
                case Event.Crash:
                    _ledger.Dispose();
                    _sick = null;
                    if (happening.What == Event.Crash)
                        Tear(1 + (happening.Number % 64));
                    _ledger = Open();
                    break;
                case Event.Sick:
                    _sick = (LedgerStep)(happening.Number % Enum.GetValues<LedgerStep>().Length);
                    break;
                case Event.Well:
                    _sick = null;
                    break;
                case Event.Clock:
                    _clock = TimeSpan.FromMinutes((happening.Number % 2000) - 1000);
                    break;
            }
        }

        /// <summary>So much of a record was written that nobody was told of: where its place was, or at the end of a file that grows.</summary>
        private void Tear(int bytes)
        {
            var at = _folder.Written().Length;
            using var file = new FileStream(_folder.Path, FileMode.Open, FileAccess.Write);
            file.Position = at;
            file.Write(new byte[bytes]);
        }

        /// <summary>As the judge does it; the window left out, since it only ever refuses.</summary>
        private void Ask((int Key, uint Device, ulong Time) request, bool isNew)
        {
            _made.Add(request);
            var (key, device, time) = request;
            var last = _ledger.LastOf(LedgerFolder.Key(key), device, LedgerFolder.Start + _clock);
            var floor = _ledger.LastOf(LedgerFolder.Key(1000), 0, LedgerFolder.Start + _clock); // of who was never there
            if (time <= last)
            {
                Assert.False(isNew && time > floor, "a new request of a right clock was refused");
                return;
            }

            if (_ledger.TryRemember(LedgerFolder.Key(key), device, time))
                Assert.True(_accepted.Add(request), $"accepted twice: {request}");
            else
                Assert.True(_sick is not null, "it could not be remembered on a disk that is well");
        }

        public void Dispose()
        {
            _ledger.Dispose();
            _folder.Dispose();
        }
    }
}
