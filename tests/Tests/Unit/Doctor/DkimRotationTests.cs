using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Doctor;
using Aviso.Tests.Unit.Delivery;
using Aviso.Tests.Unit.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>Signing keys follow one another by themselves, and nothing is ever signed by a key that somebody cannot look up.</summary>
public sealed class DkimRotationTests
{
    private const string Domain = "example.org";

    /// <summary>A zone with two servers that lag, the store, and a server that may die at any step.</summary>
    private sealed class World : IKeyWitness, IDisposable
    {
        private readonly FakeDocuments _documents;
        private readonly List<List<DnsRecord>> _servers = [[], []];
        private DkimRotation? _rotation;
        private DnsApply? _apply;

        public World()
        {
            _documents = new(Clock);
            Dns = new MemoryDns().Put("spf.vendor.example", DnsType.Txt, "v=spf1 ip4:198.51.100.0/24 -all");
        }

        public ManualClock Clock { get; } = new();

        public MemoryDns Dns { get; }

        public SigningKeys Keys { get; private set; } = null!;

        public TimeSpan Every { get; set; } = TimeSpan.FromDays(60);

        public bool IsHeld { get; set; } = true;

        public DkimRotation Rotation => _rotation!;

        public IEnumerable<string> Signing => Keys.KeysOf(Domain).Select(k => k.Selector);

        /// <summary>Only the store and the DNS remember.</summary>
        public async Task StartAsync()
        {
            Keys?.Dispose();
            _apply?.Dispose();
            Keys = new(_documents, Dns, new(Path.GetTempPath(), 100_000_000), Clock, NullLogger.Instance) { Witness = this };
            await Keys.ApplyAsync([(Domain, [])], default);
            await Keys.CheckAsync(Domain, default);
            var owned = new OwnedRecords(_documents, Clock);
            var planner = new DnsPlanner(_ => Task.FromResult(PlanFacts.Full with
            {
                Keys = [.. Keys.Records().Select(k => new PlannedKey(k.Domain, k.Selector, k.Text, k.Signs, k.IsRetired))],
            }), Dns, owned.WrittenAsync, Dns, Clock);
            _apply = new(planner, owned, Hosts, Dns, Clock, NullLogger.Instance);
            _rotation = new(Keys, _apply, owned.AllAsync, Hosts, () => Every, Keys.CheckAsync, Clock, NullLogger.Instance);
        }

        public async Task BeginAsync()
        {
            await StartAsync();
            await _apply!.ApplyAsync(Domain, [.. Keys.Records().Select(k => $"{k.Selector}._domainkey.{Domain}/TXT")], default);
            CatchUp(0);
            CatchUp(1);
            await Keys.CheckAsync(Domain, default);
        }

        public void CatchUp(int server) => _servers[server] = [.. Dns.Records];

        public Task<string?> MissingAsync(string name, string record, CancellationToken cancel) => Task.FromResult(
            _servers.TrueForAll(s => Shows(s, name, record)) ? null : name + " is not everywhere");

        /// <summary>Each key that would sign now can be looked up at every server.</summary>
        public void Prove(string after)
        {
            foreach (var key in Keys.KeysOf(Domain))
                foreach (var server in _servers)
                    Assert.True(Shows(server, $"{key.Selector}._domainkey.{Domain}", key.DnsRecord()),
                        $"{key.Selector} signs after {after}");
        }

        public IReadOnlyList<string> Published => [.. Dns.Records.Where(r =>
            r.Name.EndsWith("._domainkey." + Domain, StringComparison.Ordinal)
            && r.Type == DnsType.Txt).Select(r => r.Name.Split('.')[0]).Order(StringComparer.Ordinal)];

        public void Dispose()
        {
            Keys.Dispose();
            _apply?.Dispose();
        }

        private DnsHosts Hosts() => IsHeld ? Dns.Hosts : DnsHosts.None;

        private static bool Shows(List<DnsRecord> server, string name, string record) => server.OfType<TxtRecord>()
            .Any(t => t.Name == name && SigningKeys.KeyIn(t.Text) == SigningKeys.KeyIn(record));
    }

    [Fact]
    public async Task An_old_key_is_replaced_retired_and_taken_away_without_anybody()
    {
        using var world = new World();
        await world.BeginAsync();
        var first = world.Signing.Order().ToList();
        Assert.Equal(2, first.Count);
        world.Clock.Advance(TimeSpan.FromDays(59));
        await world.Rotation.StepAsync(null, default);
        Assert.Equal(first, world.Signing.Order());
        world.Clock.Advance(TimeSpan.FromDays(1));
        await world.Rotation.StepAsync(null, default);
        // Published, and one server does not show it yet.
        Assert.Equal(4, world.Published.Count);
        Assert.Equal(first, world.Signing.Order());
        Assert.Contains(world.Rotation.Status(), r => r is { State: "waiting", Next: var next }
            && next.Contains("not everywhere", StringComparison.Ordinal));
        world.CatchUp(0);
        await world.Rotation.StepAsync(null, default);
        Assert.Equal(first, world.Signing.Order());
        world.CatchUp(1);
        await world.Rotation.StepAsync(null, default);
        Assert.Equal(2, world.Signing.Count());
        Assert.Empty(first.Intersect(world.Signing));
        Assert.Equal(2, world.Rotation.Status().Count(r => r.State == "retired"));
        // Mail that they signed can still be verified.
        world.Clock.Advance(SigningKeys.RetiredFor - TimeSpan.FromHours(1));
        await world.Keys.CheckAsync(Domain, default);
        await world.Rotation.StepAsync(null, default);
        Assert.Equal(4, world.Published.Count);
        world.Clock.Advance(TimeSpan.FromHours(2));
        await world.Keys.CheckAsync(Domain, default);
        await world.Rotation.StepAsync(null, default);
        Assert.Equal(world.Signing.Order(StringComparer.Ordinal), world.Published);
    }

    [Fact]
    public async Task Where_the_zone_is_not_ours_to_change_nothing_is_made_by_itself()
    {
        using var world = new World();
        await world.BeginAsync();
        world.IsHeld = false;
        world.Clock.Advance(TimeSpan.FromDays(400));
        await world.Rotation.StepAsync(null, default);
        Assert.Equal(2, world.Published.Count);
        Assert.All(world.Rotation.Status(), r => Assert.Equal("signing", r.State));
        (world.IsHeld, world.Every) = (true, TimeSpan.Zero);
        await world.Rotation.StepAsync(null, default);
        Assert.All(world.Rotation.Status(), r => Assert.Equal("signing", r.State));
    }

    [Fact]
    public async Task A_first_key_is_not_published_by_itself()
    {
        using var world = new World();
        await world.StartAsync();
        await world.Rotation.StepAsync(null, default);
        Assert.Empty(world.Published);
        Assert.All(world.Rotation.Status(), r => Assert.Contains("aviso dns apply", r.Next, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_rotations_within_a_minute_make_different_selectors()
    {
        using var world = new World();
        await world.BeginAsync();
        for (var i = 0; i < 3; i++)
        {
            await world.Keys.RotateAsync(Domain, default);
            await world.Rotation.StepAsync(Domain, default);
            world.CatchUp(0);
            world.CatchUp(1);
            await world.Rotation.StepAsync(Domain, default);
            world.Prove("rotation");
        }
        Assert.Equal(8, world.Published.Count);
        Assert.Equal(2, world.Signing.Count());
    }

    /// <summary>Whatever fails, dies or lags in whatever order: who signs can be looked up, and in the end all is as it should
    /// be.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task At_no_moment_a_key_signs_that_is_not_published(int seed)
    {
        var random = new Random(seed);
        using var world = new World();
        await world.BeginAsync();
        for (var step = 0; step < 150; step++)
        {
            var what = random.Next(9);
            try
            {
                switch (what)
                {
                    case 0: world.Clock.Advance(TimeSpan.FromMinutes(random.Next(1, 600))); break;
                    case 1: world.Clock.Advance(TimeSpan.FromDays(random.Next(1, 40))); break;
                    case 2: world.CatchUp(random.Next(2)); break;
                    case 3: await world.Keys.CheckAsync(Domain, default); break;
                    case 4: await world.StartAsync(); break;
                    case 5: world.Dns.Next = _ => "SERVFAIL"; break;
                    case 6:
                        // The change arrives, and we die before we know.
                        world.Dns.Next = change =>
                        {
                            change.Do();
                            throw new IOException("killed");
                        };
                        break;
                    case 7: await world.Keys.RotateAsync(Domain, default); break;
                    default: await world.Rotation.StepAsync(null, default); break;
                }
            }
            catch (IOException)
            {
                await world.StartAsync();
            }
            world.Prove($"step {step} ({what})");
            Assert.NotEmpty(world.Signing);
        }
        world.Dns.Next = null;
        for (var i = 0; i < 4; i++)
        {
            await world.StartAsync();
            await world.Rotation.StepAsync(null, default);
            world.CatchUp(0);
            world.CatchUp(1);
            await world.Rotation.StepAsync(null, default);
            world.Prove("the end");
            if (i is 1 or 2) world.Clock.Advance(SigningKeys.RetiredFor + TimeSpan.FromHours(1));
        }
        // A record that arrived while we died is not known as ours and stays, as every record that might be somebody else's.
        Assert.Subset(world.Published.ToHashSet(StringComparer.Ordinal), world.Signing.ToHashSet(StringComparer.Ordinal));
        Assert.Equal(2, world.Signing.Count());
    }
}
