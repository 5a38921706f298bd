using Aviso.Trace;
using Xunit;

namespace Aviso.Tests.Unit.Trace;

/// <summary>What owners and strangers with a link may see.</summary>
public sealed class TraceViewTests
{
    private const string Alice = "0000000000001", Bob = "0000000000002", Carol = "0000000000003";

    private static readonly Dictionary<string, string> Addresses = new(StringComparer.OrdinalIgnoreCase)
    {
        ["alice@example.org"] = Alice,
        ["bob@example.org"] = Bob,
        ["carol@example.org"] = Carol,
    };

    private static OwnerView ViewOf(string account) => new(account, address => Addresses.GetValueOrDefault(address) == account);

    /// <summary>Alice writes to Bob, whose script sends it on in secret, and to a stranger.</summary>
    private static string Submission(TraceScene scene, string queue, string forward) => scene.Tell("alice@example.org", "bob@example.org",
        "our plan", "9@example.org", "198.51.100.77", Bob, more: e =>
        {
            e.Event(TraceKind.Connected).With(TraceField.Account, Alice).With(TraceField.Login, "alice@example.org (phone)");
            e.Event(TraceKind.RecipientAccepted).With(TraceField.Recipient, "blind@far.example");
            e.Event(TraceKind.Script).With(TraceField.Account, Bob).With(TraceField.Action, "redirect");
            e.Event(TraceKind.Queued).With(TraceField.Queue, queue).With(TraceField.Recipient, "blind@far.example")
                .With(TraceField.Account, Alice);
            e.Event(TraceKind.Queued).With(TraceField.Queue, forward).With(TraceField.Recipient, "hideout@far.example")
                .With(TraceField.Account, Bob);
            e.Event(TraceKind.StepSkipped).With(TraceField.Step, "Sign");
        });

    [Fact]
    public async Task The_sender_sees_whom_it_was_for_and_nothing_of_their_mailboxes()
    {
        await using var scene = new TraceScene();
        var (queue, forward) = (scene.NewId(), scene.NewId());
        var id = Submission(scene, queue, forward);
        foreach (var (q, to) in new[] { (queue, "blind@far.example"), (forward, "hideout@far.example") })
            scene.Later(e => e.Event(TraceKind.Tried).With(TraceField.Queue, q).With(TraceField.Recipient, to)
                .With(TraceField.Result, "delivered"));
        scene.Later(e => e.Event(TraceKind.Moved).With(TraceField.Account, Bob).With(TraceField.Folder, "Never read")
            .With(TraceField.Email, "e" + id[1..]).With(TraceField.Uid, 1L));
        var shown = ViewOf(Alice).Of(scene.Find(id)[0])!;
        var all = string.Join('\n', shown.Events.SelectMany(e => e.Evidence).Select(e => e.Text));
        Assert.Contains("blind@far.example", all, StringComparison.Ordinal);
        Assert.Contains("bob@example.org", all, StringComparison.Ordinal);
        Assert.DoesNotContain("hideout", all, StringComparison.Ordinal);
        Assert.DoesNotContain("INBOX", all, StringComparison.Ordinal);
        Assert.DoesNotContain("Never read", all, StringComparison.Ordinal);
        Assert.DoesNotContain(shown.Events, e => e.Kind is TraceKind.StepSkipped or TraceKind.Script or TraceKind.Moved);
    }

    [Fact]
    public async Task Who_got_it_sees_the_own_mailbox_and_nobody_else_who_got_it()
    {
        await using var scene = new TraceScene();
        var id = Submission(scene, scene.NewId(), scene.NewId());
        var shown = ViewOf(Bob).Of(scene.Find(id)[0])!;
        var all = string.Join('\n', shown.Events.SelectMany(e => e.Evidence).Select(e => e.Text));
        Assert.Contains("INBOX", all, StringComparison.Ordinal);
        Assert.Contains("hideout@far.example", all, StringComparison.Ordinal);
        Assert.DoesNotContain("blind", all, StringComparison.Ordinal);
        Assert.DoesNotContain("phone", all, StringComparison.Ordinal);
        Assert.DoesNotContain("198.51.100.77", all, StringComparison.Ordinal);
        Assert.DoesNotContain(Bob, all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task By_lmtp_nobody_sees_who_else_was_refused()
    {
        await using var scene = new TraceScene();
        var id = scene.Tell("x@sender.example", "alice@example.org", account: Alice, more: e =>
            e.Event(TraceKind.Refused).With(TraceField.Recipient, "bob@example.org"));
        var shown = ViewOf(Alice).Of(scene.Find(id)[0])!;
        Assert.DoesNotContain(shown.Events, e => e.Kind == TraceKind.Refused);
        Assert.Equal(TraceState.Delivered, shown.State);
        Assert.Contains(ViewOf(Bob).Of(scene.Find(id)[0])!.Events, e => e.Kind == TraceKind.Refused);
    }

    [Fact]
    public async Task What_a_relay_dropped_is_not_sent_whatever_its_clock_says()
    {
        await using var scene = new TraceScene();
        var queue = scene.NewId();
        var id = scene.Tell("alice@example.org", "carol@far.example", queue: queue);
        scene.Later(e => e.Event(TraceKind.RelaySaid, scene.Clock.GetUtcNow().AddMinutes(-1)).With(TraceField.Queue, queue)
            .With(TraceField.Recipient, "carol@far.example").With(TraceField.Result, "failed"));
        scene.Later(e => e.Event(TraceKind.Tried).With(TraceField.Queue, queue).With(TraceField.Recipient, "carol@far.example")
            .With(TraceField.Result, "delivered"));
        Assert.Equal(TraceState.Failed, scene.Find(id)[0].State);
    }

    [Fact]
    public async Task One_deed_on_many_messages_leads_to_none_of_the_others()
    {
        await using var scene = new TraceScene();
        var ids = Enumerable.Range(0, 50).Select(i => scene.Tell(messageId: $"{i}@sender.example")).ToList();
        scene.Later(e =>
        {
            e.Event(TraceKind.Flagged).With(TraceField.Account, Alice);
            foreach (var id in ids) e.With(TraceField.Email, "e" + id[1..]).With(TraceField.Uid, 1L);
        });
        var found = Assert.Single(scene.Find("7@sender.example"));
        Assert.Contains(found.Events, e => e.Kind == TraceKind.Flagged);
    }

    [Fact]
    public async Task Nobody_else_sees_any_of_it_whatever_they_ask()
    {
        await using var scene = new TraceScene();
        var (queue, forward) = (scene.NewId(), scene.NewId());
        var id = Submission(scene, queue, forward);
        scene.Tell("x@sender.example", "carol@example.org", "hello", "c@sender.example", account: Carol);
        scene.Tell("x@sender.example", "nobody@example.org", "hello", "d@sender.example", account: Bob);
        var finder = new TraceFinder(scene.Recorder);
        var words = new[] { id, queue, forward, "9@example.org", "alice@example.org", "bob@example.org", "blind@far.example", "far.example",
            "198.51.100.77", "plan", "our plan", "sender.example", "hello", Alice, Bob, "", "14:13", "2026-09-21" };
        var random = new Random(12);
        for (var i = 0; i < 500; i++)
        {
            var text = string.Join(' ', Enumerable.Range(0, random.Next(1, 4)).Select(_ => words[random.Next(words.Length)]));
            var query = TraceQuery.Parse(text, scene.Clock.GetUtcNow()) with { Account = random.Next(3) == 0 ? "" : Carol };
            var found = finder.Find(query, ViewOf(Carol).Of, default);
            Assert.All(found, trace => Assert.Equal("c@sender.example", trace.MessageId));
        }
        // Bob must not learn by asking who else got what he has.
        var hidden = TraceQuery.Parse(id + " blind@far.example", scene.Clock.GetUtcNow()) with { Account = Bob };
        Assert.Empty(finder.Find(hidden, ViewOf(Bob).Of, default));
        Assert.Single(finder.Find(TraceQuery.Parse("hello", scene.Clock.GetUtcNow()) with { Account = Carol }, ViewOf(Carol).Of, default));
    }

    [Fact]
    public async Task A_link_shows_lines_that_name_nobody()
    {
        await using var scene = new TraceScene();
        var queue = scene.NewId();
        var id = Submission(scene, queue, scene.NewId());
        scene.Later(e => e.Event(TraceKind.Tried).With(TraceField.Queue, queue).With(TraceField.Recipient, "blind@far.example")
            .With(TraceField.Result, "delivered").With(TraceField.Status, "2.0.0")
            .With(TraceField.Reply, "relay.internal.example: 250 ok"));
        scene.Later(e => e.Event(TraceKind.RelaySaid).With(TraceField.Queue, queue).With(TraceField.Action, "bounce for eve@far.example")
            .With(TraceField.Result, "failed"));
        var text = SharedView.Write(scene.Find(id)[0]);
        Assert.Contains("handed to the next server  result=delivered  status=2.0.0\n", text, StringComparison.Ordinal);
        Assert.Contains("recipient accepted\n", text, StringComparison.Ordinal);
        foreach (var secret in new[] { "@", "plan", "far", "example", "198.51", "INBOX", "phone", "alice", "bob", "eve", queue })
            Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_link_holds_until_its_end_and_only_as_it_was_made()
    {
        var clock = new Aviso.Tests.Unit.Store.TestClock();
        var links = new TraceLinks(new byte[32], clock);
        const string id = "06dqx4r9w0hj8";
        var name = links.Make(id, clock.GetUtcNow().AddDays(7));
        Assert.Equal(id, links.Read(name));
        Assert.Null(new TraceLinks([.. Enumerable.Repeat((byte)1, 32)], clock).Read(name));
        for (var i = 0; i < name.Length; i++)
        {
            var other = name.ToCharArray();
            other[i] = other[i] == 'A' ? 'B' : 'A';
            Assert.True(links.Read(new(other)) is null || i == name.Length - 1, $"changed at {i}");
        }
        Assert.All((string[])["", "x", name + "A", new string('A', 4000), "../../etc/passwd"], other => Assert.Null(links.Read(other)));
        clock.Advance(TimeSpan.FromDays(7));
        Assert.Null(links.Read(name));
        Assert.Throws<ArgumentException>(() => links.Make("x", clock.GetUtcNow()));
    }

    [Fact]
    public void Safe_fields_are_few_and_known() => Assert.Equal("Tls Size Reason Method Result Score Required Action Status Count",
        string.Join(' ', Enum.GetValues<TraceField>().Where(TraceFieldRules.IsSafe)));
}
