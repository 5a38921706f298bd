using Aviso.Accounts;
using Aviso.Moving;
using Aviso.Tests.Unit.Accounts;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>A move from its start to the word on how it ended.</summary>
public sealed class MovingServiceTests
{
    [Theory]
    [InlineData("a/b")]
    [InlineData("/")]
    [InlineData("two words")]
    [InlineData("tab\t")]
    [InlineData("")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901")]
    public async Task A_label_that_notes_could_not_be_found_by_again_is_refused(string label)
    {
        await using var scene = await ServiceScene.OpenAsync();
        var old = scene.Move.Maildir("one");
        old.Add("Subject: 1\n\nx\n");
        old.Save();
        var request = new MoveRequest("maildir", old.Path, "alice@example.org");
        var refused = scene.Service.Start(request, new() { Label = label }, compares: false);
        Assert.Equal("a label is one word without `/`, 1 to 100 characters", refused);
        var e = await Assert.ThrowsAsync<SourceException>(() => scene.Service.PlanAsync(request, new() { Label = label }, default));
        Assert.Equal(refused, e.Message);
        foreach (var _ in (int[])[1, 2]) Assert.True((await scene.RunAsync(request, new() { Label = "wörd.1" })).IsGood);
        Assert.Equal(1, scene.Service.Status().Results[0].Same);
    }
}

/// <summary>The service with a real store, and accounts whose rows are in it.</summary>
internal sealed class ServiceScene : IAsyncDisposable
{
    private readonly Authenticator _logins;

    private ServiceScene(MoveScene move, AccountBook book)
    {
        (Move, Book, _logins) = (move, book, new(book));
        Accounts = new(book, _logins);
        Service = new(move.Target, book, Accounts, Host, NullLogger.Instance);
    }

    public MoveScene Move { get; }

    public AccountBook Book { get; }

    public AccountService Accounts { get; }

    public MovingService Service { get; }

    public KnownHost Host { get; } = new();

    public static async Task<ServiceScene> OpenAsync()
    {
        var move = await MoveScene.OpenAsync();
        var book = new AccountBook(move.Test.Store, move.Test.Clock, NullLogger.Instance);
        Assert.Empty((await book.ApplyAsync(Declare.All(), default)).Contradictions);
        return new(move, book);
    }

    public async Task<MoveStatus> RunAsync(MoveRequest request, MoveWishes? wishes = null, bool compares = false)
    {
        Assert.Null(Service.Start(request, wishes ?? new(), compares));
        while (Service.Status().State == "running") await Task.Delay(5);
        return Service.Status();
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _logins.Dispose();
        Book.Dispose();
        await Move.DisposeAsync();
    }

    /// <summary>A server that takes every key.</summary>
    internal sealed class KnownHost : IMoveHost
    {
        public Task TakeDomainsAsync(CancellationToken cancel) => Task.CompletedTask;

        public Task<string?> TakeKeyAsync(MoveKey key, CancellationToken cancel) => Task.FromResult<string?>(null);
    }
}
