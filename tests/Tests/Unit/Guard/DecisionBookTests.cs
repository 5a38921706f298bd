using System.Net;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

public sealed class DecisionBookTests : IAsyncLifetime
{
    private TestStore _store = null!;
    private MoodyRows _rows = null!;
    private DecisionBook _book = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        _rows = new(_store.Store);
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData("2001:db8:1:2::7", "2001:db8:1:2::/64")]
    [InlineData("198.51.100.7", "198.51.100.0/24 198.51.100.7")]
    [InlineData("198.51.100.0/25", "198.51.100.0/24")]
    [InlineData("::ffff:198.51.100.8", "198.51.100.0/24")]
    [InlineData("192.0.2.1", "")]
    public void What_applies_to_an_address_is_found_whatever_network_names_it(string asked, string found)
    {
        foreach (var value in new[] { "2001:db8:1:2::/64", "198.51.100.0/24", "198.51.100.7", "198.51.100.64/26" }) Ban(value);
        Assert.Equal(found, string.Join(' ', _book.List(new(Covers: Decision.Canonical(asked))).Select(d => d.Value)));
    }

    [Theory]
    [InlineData("::/0", "2001:db8::1", "192.0.2.1")]
    [InlineData("0.0.0.0/0", "192.0.2.1", "2001:db8::1")]
    public void A_ban_of_one_family_leaves_the_other_alone(string value, string banned, string served)
    {
        Ban(value);
        Assert.True(_book.IsBanned(IPAddress.Parse(banned)));
        Assert.False(_book.IsBanned(IPAddress.Parse(served)));
    }

    [Fact]
    public async Task What_the_store_did_not_take_is_tried_again_and_whoever_waits_hears_of_it()
    {
        var gone = Ban("192.0.2.1");
        Assert.Null(await _book.FlushAsync(default));
        _rows.Fails = true;
        _book.RemoveIds([gone.Id]);
        Ban("192.0.2.2");
        Assert.Equal("disk full", await _book.FlushAsync(default));
        Assert.Equal("disk full", await _book.FlushAsync(default));
        _rows.Fails = false;
        Assert.Null(await _book.FlushAsync(default));
        await _book.DisposeAsync();
        await OpenAsync();
        Assert.Equal("192.0.2.2", Assert.Single(_book.List()).Value);
    }

    [Fact]
    public async Task A_store_that_is_back_gets_the_rest_without_anybody_waiting_and_once_more_at_the_end()
    {
        _rows.Fails = true;
        Ban("192.0.2.1");
        await Task.Run(() => SpinWait.SpinUntil(() => _rows.Refused > 0, 5_000), TestContext.Current.CancellationToken);
        _rows.Fails = false;
        await Task.Run(() => SpinWait.SpinUntil(() => _rows.Taken > 0, 5_000), TestContext.Current.CancellationToken);
        Assert.Equal(1, _rows.Taken);
        _rows.Fails = true;
        Ban("192.0.2.2");
        Assert.NotNull(await _book.FlushAsync(default));
        _rows.Fails = false;
        await _book.DisposeAsync();
        await OpenAsync();
        Assert.Equal(2, _book.Count);
    }

    [Fact]
    public async Task A_full_book_says_so_once_a_minute()
    {
        await _book.DisposeAsync();
        var log = new Lines();
        _book = await DecisionBook.OpenAsync(_rows, _store.Clock, log, default, most: 2);
        for (var i = 0; i < 5; i++) _book.Add(
            new(0, "aviso", "test", Decision.Ban, $"192.0.2.{i}", _store.Clock.GetUtcNow(), _store.Clock.GetUtcNow().AddHours(1)));
        Assert.Equal(2, _book.Count);
        Assert.Contains("2 decisions already", Assert.Single(log.All), StringComparison.Ordinal);
        _store.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_book.Add(
            new(0, "aviso", "test", Decision.Ban, "192.0.2.9", _store.Clock.GetUtcNow(), _store.Clock.GetUtcNow().AddHours(1))));
        Assert.Equal(2, log.All.Count);
    }

    [Fact]
    public async Task Who_logged_in_before_a_restart_is_not_banned_after_it()
    {
        var (customer, stranger) = (IPAddress.Parse("2001:db8:1:2::7"), IPAddress.Parse("192.0.2.1"));
        Gate().LoggedIn(customer);
        await _book.DisposeAsync();
        _store.Clock.Advance(TimeSpan.FromHours(11));
        await OpenAsync();
        var gate = Gate();
        for (var i = 0; i < 4; i++)
        {
            gate.Report(new(ListenerKind.Imap, customer, Reason.LoginFailed), "alice");
            gate.Report(new(ListenerKind.Imap, stranger, Reason.LoginFailed), "alice");
        }
        Assert.Equal("192.0.2.1", Assert.Single(_book.List()).Value);
        await _book.DisposeAsync();
        _store.Clock.Advance(TimeSpan.FromHours(1));
        await OpenAsync();
        Assert.False(Gate().IsTrusted(customer));
    }

    [Fact]
    public async Task Of_those_who_logged_in_the_newest_thousands_are_kept()
    {
        var gate = Gate();
        for (var i = 0; i < ProvenClients.Most + 100; i++)
        {
            _store.Clock.Advance(TimeSpan.FromMilliseconds(100));
            gate.LoggedIn(new(0x0100_0000 + i));
            if (i == 3_000) gate.Upkeep();
        }
        await _book.DisposeAsync();
        await OpenAsync();
        Assert.Equal(ProvenClients.Most, _book.Proven.All.Count);
        Assert.False(Gate().IsTrusted(new(0x0100_0000)));
        Assert.True(Gate().IsTrusted(new(0x0100_0000 + ProvenClients.Most + 99)));
    }

    private Gatekeeper Gate() => new(new(GuardOwner.Builtin, Networks.None), _book, _store.Clock, NullLogger.Instance);

    private Decision Ban(string value) =>
        _book.Add(new(0, "cscli", "test", Decision.Ban, value, _store.Clock.GetUtcNow(), _store.Clock.GetUtcNow().AddHours(1)))!;

    private async Task OpenAsync() => _book = await DecisionBook.OpenAsync(_rows, _store.Clock, NullLogger.Instance, default);

    private sealed class Lines : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> format) =>
            All.Add(format(state, error));
    }
}

/// <summary>A store that takes no changes while it <see cref="Fails"/>.</summary>
internal sealed class MoodyRows(IDocumentRows inner) : IDocumentRows
{
    private volatile int _refused, _taken;

    public volatile bool Fails;

    public int Refused => _refused;

    public int Taken => _taken;

    public Task<Document?> GetDocumentAsync(AccountId owner, string kind, string name, CancellationToken cancel) =>
        inner.GetDocumentAsync(owner, kind, name, cancel);

    public Task<IReadOnlyList<Document>> ListDocumentsAsync(AccountId owner, string kind, CancellationToken cancel) =>
        inner.ListDocumentsAsync(owner, kind, cancel);

    public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancel) =>
        inner.ListDocumentsAsync(kind, cancel);

    public async Task ChangeDocumentsAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel)
    {
        if (Fails)
        {
            Interlocked.Increment(ref _refused);
            throw new IOException("disk full");
        }
        await inner.ChangeDocumentsAsync(set, remove, cancel);
        Interlocked.Increment(ref _taken);
    }

    public Task<bool> AddDocumentAsync(Document document, CancellationToken cancel) => inner.AddDocumentAsync(document, cancel);
}
