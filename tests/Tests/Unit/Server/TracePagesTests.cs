using Aviso.Net;
using Aviso.Trace;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>GET /account/trace and /trace/TOKEN: each shows what is theirs.</summary>
public sealed class TracePagesTests : IAsyncLifetime
{
    private const string Id = "06dqx4r9w0hj8";
    private SignInScene _scene = null!;

    public async ValueTask InitializeAsync()
    {
        _scene = await SignInScene.OpenAsync();
        var entry = _scene.Recorder.Begin(_scene.Store.Clock.GetUtcNow())!;
        entry.Event(TraceKind.Connected).With(TraceField.Id, Id).With(TraceField.Client, "192.0.2.7");
        entry.Event(TraceKind.Mail).With(TraceField.Sender, "x@sender.example");
        foreach (var name in (string[])["alice", "bob"])
            entry.Event(TraceKind.RecipientAccepted).With(TraceField.Recipient, $"{name}@example.org")
                .With(TraceField.Account, _scene.Account(name).ToString());
        entry.Event(TraceKind.Header).With(TraceField.MessageId, "1@sender.example").With(TraceField.Subject, "our plan");
        foreach (var name in (string[])["alice", "bob"])
            entry.Event(TraceKind.Filed).With(TraceField.Account, _scene.Account(name).ToString())
                .With(TraceField.Folder, $"Folder of {name}");
        entry.Event(TraceKind.Accepted);
        _scene.Recorder.Add(entry);
    }

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task Who_is_signed_in_sees_the_own_messages_and_of_them_the_own_part()
    {
        var alice = await _scene.AliceAsync();
        var answer = await alice.GetAsync("/account/trace?q=plan");
        var trace = Assert.Single(answer.Json()["traces"]!.AsArray())!;
        Assert.Equal((Id, "delivered", "1@sender.example"), ((string)trace["id"]!, (string)trace["state"]!, (string)trace["messageId"]!));
        Assert.Contains("Folder of alice", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("bob", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_sees_messages_of_others_whatever_is_asked()
    {
        var carol = _scene.Browser();
        await carol.SignInAsync("carol@example.org");
        foreach (var query in (string[])["", "?q=plan", $"?q={Id}", "?q=alice@example.org", "?q=192.0.2.7", "?since=2d",
            "?q=1@sender.example", $"?q={_scene.Account("alice")}", "?q=sender.example&until=0s"])
            Assert.Equal("""{"traces":[]}""", (await carol.GetAsync("/account/trace" + query)).Body);
        // What is hidden in one's own message is not found either.
        Assert.Equal("""{"traces":[]}""", (await (await _scene.AliceAsync()).GetAsync("/account/trace?q=bob@example.org")).Body);
    }

    [Fact]
    public async Task Nobody_who_is_not_signed_in_sees_anything()
    {
        Assert.Equal(401, (await _scene.Browser().GetAsync("/account/trace?q=plan")).Status);
        Assert.Equal(400, (await (await _scene.AliceAsync()).GetAsync("/account/trace?q=" + new string('x', 201))).Status);
    }

    [Fact]
    public async Task A_link_needs_no_login_and_shows_no_names()
    {
        var ends = _scene.Store.Clock.GetUtcNow().AddDays(7);
        var answer = await AskAsync(new Uri(_scene.Desk.Link(Id, ends)).AbsolutePath);
        Assert.Equal(200, answer.Status);
        Assert.Contains("put into a mailbox", answer.Body, StringComparison.Ordinal);
        Assert.All((string[])["@", "alice", "plan", "sender.example", "192.0.2", "Folder"], secret =>
            Assert.DoesNotContain(secret, answer.Body, StringComparison.Ordinal));
        Assert.Equal(404, (await AskAsync("/trace/")).Status);
        Assert.Equal(404, (await AskAsync("/trace/" + Id)).Status);
        _scene.Store.Clock.Advance(TimeSpan.FromDays(7));
        Assert.Equal(404, (await AskAsync(new Uri(_scene.Desk.Link(Id, ends)).AbsolutePath)).Status);
    }

    private Task<WebAnswer> AskAsync(string path)
    {
        var request = new HttpRequestFeature { Method = "GET", Path = path, RawTarget = path, Scheme = "https" };
        request.Headers.Host = "mail.example.org";
        return _scene.AskAsync(ListenerKind.Https, request, "192.0.2.99");
    }
}
