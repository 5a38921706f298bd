using System.Text.Json.Serialization;
using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Store;

public sealed partial class DocumentsTests
{
    private static readonly DocumentKey Key = new(new(7), "test", "one");

    [Fact]
    public void What_was_written_is_read()
    {
        var document = Documents.Of(Key, new Note("hello", 3), NoteJson.Default.Note, 100, 200);
        Assert.Equal((Key, 100L, 200L), (document.Key, document.ChangedAt, document.ExpiresAt));
        Assert.Equal(new Note("hello", 3), document.Read(NoteJson.Default.Note));
        Assert.Equal(0, Documents.Of(Key, new Note("", 0), NoteJson.Default.Note, 1).ExpiresAt);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"hello\"")]
    [InlineData("{\"Text\":5}")]
    [InlineData("{\"Text\":\"a\",\"Number\":99999999999999999999}")]
    public void What_is_no_such_document_is_none(string value) =>
        Assert.Null(new Document(Key, System.Text.Encoding.UTF8.GetBytes(value), 1).Read(NoteJson.Default.Note));

    /// <summary>A row that went bad costs itself, never the start of the server.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1,2]")]
    public async Task A_spoilt_document_stops_no_start(string value)
    {
        var rows = new SpoiltRows(System.Text.Encoding.UTF8.GetBytes(value));
        var tally = new DmarcTally(rows, TimeProvider.System);
        await tally.LoadAsync(default);
        Assert.Empty(tally.Over());
        var sessions = new TlsTally(rows, TimeProvider.System);
        await sessions.LoadAsync(default);
        Assert.Empty(sessions.Over());
        using var passwords = new AppPasswords(rows, TimeProvider.System, NullLogger.Instance);
        await passwords.LoadAsync(default);
        using var factors = new SecondFactors(rows, TimeProvider.System, NullLogger.Instance);
        await factors.LoadAsync(default);
        var brake = await SendingBrake.OpenAsync(new(), rows, TimeProvider.System, NullLogger.Instance, default);
        Assert.DoesNotContain(brake.Holds, hold => hold is null);
    }

    /// <summary>Both tallies count by UTC day and domain, survive a restart, and give a day away once it is over.</summary>
    [Fact]
    public async Task A_day_is_counted_kept_and_given_away_when_it_is_over()
    {
        await using var store = await TestStore.OpenAsync();
        var tally = new TlsTally(store.Store, store.Clock);
        for (var i = 0; i < 3; i++) tally.Count("far.example", "no-policy-found", [], ["mx.far.example"], null);
        tally.Count("far.example", "no-policy-found", [], ["mx.far.example"],
            new("starttls-not-supported", "192.0.2.1", "mx.far.example", "192.0.2.2", 1, "", ""));
        Assert.Empty(tally.Over());
        await tally.SaveAsync(default);
        var again = new TlsTally(store.Store, store.Clock);
        await again.LoadAsync(default);
        store.Clock.Advance(TimeSpan.FromDays(1));
        var (key, domain, policies) = Assert.Single(again.Over());
        Assert.Equal(("20260921:far.example", "far.example"), (key, domain));
        Assert.Equal((3, 1), (Assert.Single(policies).Successful, policies[0].Failed));
        await again.DoneAsync(key, default);
        Assert.Empty(again.Over());
        Assert.Empty(await store.Store.ListDocumentsAsync(default, "tls-tally", default));
    }

    internal sealed record Note(string Text, int Number);

    [JsonSerializable(typeof(Note))]
    internal sealed partial class NoteJson : JsonSerializerContext;

    /// <summary>Has one document of every kind that anybody asks for, with the same value.</summary>
    private sealed class SpoiltRows(byte[] value) : IDocumentRows
    {
        public Task<Document?> GetDocumentAsync(AccountId owner, string kind, string name, CancellationToken cancel) =>
            Task.FromResult<Document?>(new(new(owner, kind, name), value, 1));

        public Task<IReadOnlyList<Document>> ListDocumentsAsync(AccountId owner, string kind, CancellationToken cancel) =>
            Task.FromResult<IReadOnlyList<Document>>([new(new(owner, kind, "20260101:spoilt.example"), value, 1)]);

        public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancel) =>
            ListDocumentsAsync(new AccountId(7), kind, cancel);

        public Task ChangeDocumentsAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel) =>
            Task.CompletedTask;

        public Task<bool> AddDocumentAsync(Document document, CancellationToken cancel) => Task.FromResult(false);
    }
}
