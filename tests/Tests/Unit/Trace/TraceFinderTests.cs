using Aviso.Trace;
using Xunit;

namespace Aviso.Tests.Unit.Trace;

public sealed class TraceFinderTests
{
    [Theory]
    [InlineData("1@sender.example")]
    [InlineData("<1@SENDER.example>")]
    [InlineData("x@sender.example")]
    [InlineData("sender.example")]
    [InlineData("Alice@Example.org")]
    [InlineData("192.0.2.7")]
    [InlineData("[192.0.2.7]")]
    [InlineData("::ffff:192.0.2.7")]
    [InlineData("invoice")]
    [InlineData("INVOICE größe")]
    [InlineData("\"invoice\" alice@example.org")]
    public async Task A_message_is_found_by(string query)
    {
        await using var scene = new TraceScene();
        scene.Tell("other@far.example", "bob@example.org", "something else", "2@far.example", "198.51.100.9");
        var id = scene.Tell(subject: "Your invoice 4711: Größe");
        scene.Tell("third@far.example", "bob@example.org", "and more", "3@far.example", "198.51.100.9");
        Assert.Equal([id], scene.Ids(query));
    }

    [Theory]
    [InlineData("invoices")]
    [InlineData("nvoice")]
    [InlineData("invoice bob@example.org")]
    [InlineData("192.0.2.70")]
    [InlineData("ample.org")]
    public async Task A_message_is_not_found_by(string query)
    {
        await using var scene = new TraceScene();
        scene.Tell(subject: "Your invoice");
        Assert.Empty(scene.Find(query));
    }

    [Fact]
    public async Task A_message_is_found_by_its_ids_and_by_time()
    {
        await using var scene = new TraceScene();
        var first = scene.Tell();
        scene.Clock.Advance(TimeSpan.FromHours(1));
        var queue = scene.NewId();
        var second = scene.Tell(queue: queue, messageId: "2@sender.example");
        Assert.Equal([first], scene.Ids(first));
        Assert.Equal([first], scene.Ids("e" + first[1..]));
        Assert.Equal([second], scene.Ids(queue.ToUpperInvariant()));
        var at = scene.Clock.GetUtcNow();
        Assert.Equal([second], scene.Ids(at.ToString("HH:mm")));
        Assert.Equal([second], scene.Ids(at.ToString("yyyy-MM-ddTHH:mm:ss'Z'")));
        Assert.Equal([second, first], scene.Ids(at.ToString("yyyy-MM-dd") + " sender.example"));
        Assert.Equal([second], scene.Find("", q => q with { Since = at.AddMinutes(-5) }).Select(t => t.Id));
        Assert.Equal([first], scene.Find("", q => q with { Until = at.AddMinutes(-5) }).Select(t => t.Id));
    }

    [Fact]
    public async Task What_happened_later_is_in_the_trace_of_its_own_message_alone()
    {
        await using var scene = new TraceScene();
        var (queue, other) = (scene.NewId(), scene.NewId());
        var sent = scene.Tell(queue: queue, recipient: "carol@far.example", messageId: "same@x");
        // The same Message-ID again is another message.
        var again = scene.Tell(queue: other, recipient: "carol@far.example", messageId: "same@x");
        var kept = scene.Tell(recipient: "bob@example.org");
        Assert.Equal(TraceState.Waiting, scene.Find(sent)[0].State);
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        scene.Later(e => e.Event(TraceKind.Tried).With(TraceField.Queue, queue).With(TraceField.Recipient, "carol@far.example")
            .With(TraceField.Result, "deferred").With(TraceField.Reply, "far: 451 later"));
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        scene.Later(e => e.Event(TraceKind.Tried).With(TraceField.Queue, queue).With(TraceField.Recipient, "carol@far.example")
            .With(TraceField.Result, "delivered").With(TraceField.Reply, "far: 250 ok"));
        scene.Later(e => e.Event(TraceKind.Expunged).With(TraceField.Account, "0000000000001").With(TraceField.Folder, "Trash")
            .With(TraceField.Program, "Thunderbird").With(TraceField.Email, "enothing12345").With(TraceField.Uid, 7L)
            .With(TraceField.Email, "e" + kept[1..]).With(TraceField.Uid, 8L));
        var trace = scene.Find(sent)[0];
        Assert.Equal(TraceState.Sent, trace.State);
        Assert.Equal(["far: 451 later", "far: 250 ok"],
            trace.Events.Where(e => e.Kind == TraceKind.Tried).Select(e => e.Get(TraceField.Reply)));
        Assert.Equal(TraceState.Waiting, scene.Find(again)[0].State);
        var gone = Assert.Single(scene.Find(kept)[0].Events, e => e.Kind == TraceKind.Expunged);
        Assert.Equal(("Thunderbird", "8"), (gone.Get(TraceField.Program), Assert.Single(gone.All(TraceField.Uid))));
        // The remote's words lead to it as well as its sender.
        Assert.Equal(2, scene.Find("carol@far.example").Count);
    }

    /// <summary>The store numbers its copies and its queue by itself, from the same clock as messages are.</summary>
    [Fact]
    public async Task A_message_whose_number_is_that_of_the_copy_of_another_has_nothing_of_it()
    {
        await using var scene = new TraceScene();
        var first = scene.Tell(messageId: "1@x");
        var second = scene.Tell(messageId: "2@x", more: e =>
            e.Event(TraceKind.Filed).With(TraceField.Email, first).With(TraceField.Uid, 2L));
        scene.Later(e => e.Event(TraceKind.Expunged).With(TraceField.Email, first).With(TraceField.Uid, 2L));
        Assert.DoesNotContain(scene.Find("1@x")[0].Events, e => e.Kind == TraceKind.Expunged);
        Assert.Contains(Assert.Single(scene.Find("2@x")).Events, e => e.Kind == TraceKind.Expunged);
        Assert.Equal(new[] { first, second }.Order(), scene.Ids(first).Order());
        Assert.Equal(first, new TraceFinder(scene.Recorder).One(first, default)?.Id);
    }

    [Fact]
    public async Task What_a_relay_says_later_is_found_by_message_id_and_changes_what_became_of_it()
    {
        await using var scene = new TraceScene();
        var queue = scene.NewId();
        var sent = scene.Tell(queue: queue, recipient: "carol@far.example", messageId: "7@example.org");
        scene.Later(e => e.Event(TraceKind.Tried).With(TraceField.Queue, queue).With(TraceField.Recipient, "carol@far.example")
            .With(TraceField.Result, "delivered"));
        Assert.Equal(TraceState.Sent, scene.Find(sent)[0].State);
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        scene.Recorder.Hear(new RelayNews(scene.Clock.GetUtcNow(), "brevo", "blocked", "failed", "carol@far.example", "on a list")
        {
            MessageId = "7@example.org",
        });
        var trace = Assert.Single(scene.Find("7@example.org"));
        Assert.Equal((sent, TraceState.Failed), (trace.Id, trace.State));
        Assert.Equal("blocked", trace.Events[^1].Get(TraceField.Action));
    }

    [Fact]
    public async Task The_newest_come_first_and_no_more_than_asked_for()
    {
        await using var scene = new TraceScene(new() { Size = 4 << 20 });
        var ids = new List<string>();
        for (var i = 0; i < 1500; i++)
        {
            ids.Add(scene.Tell(messageId: $"{i}@sender.example"));
            scene.Clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(Enumerable.Reverse(ids).Take(50), scene.Ids("sender.example"));
        Assert.Equal(Enumerable.Reverse(ids).Take(3), scene.Find("hello", q => q with { Limit = 3 }).Select(t => t.Id));
        Assert.Equal([ids[3]], scene.Ids("3@sender.example"));
        Assert.True(Directory.GetFiles(scene.Files).Length > 3);
    }

    [Fact]
    public async Task Without_subjects_there_are_none()
    {
        await using var scene = new TraceScene(new() { Subjects = false });
        var id = scene.Tell(subject: "a secret plan");
        Assert.Empty(scene.Find("secret"));
        Assert.Equal("", scene.Find(id)[0].Subject);
        scene.Recorder.Flush();
        Assert.DoesNotContain("secret", string.Concat(Directory.GetFiles(scene.Files).Select(ReadText)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2h", -2 * 3600)]
    [InlineData("30d", -30 * 86400)]
    [InlineData("2026-09-21T14:13:20Z", 0)]
    [InlineData("2026-09-21T14:13", -20)]
    [InlineData("2026-09-21", -(14 * 3600 + 13 * 60 + 20))]
    [InlineData("14:13", -20)]
    [InlineData("14:14", 40 - 86400)]
    [InlineData("soon", null)]
    [InlineData("99999999999999999999d", null)]
    [InlineData("NaNh", null)]
    [InlineData("", null)]
    public void Times_are_read(string text, int? seconds)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);
        Assert.Equal(seconds, (TraceQuery.Time(text, now) - now)?.TotalSeconds);
    }

    private static string ReadText(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
