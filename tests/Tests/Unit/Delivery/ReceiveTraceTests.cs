using Aviso.Spam;
using Aviso.Tests.Unit.Base;
using Aviso.Trace;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>What the trace is told of a message on its way in: each check and each fate.</summary>
public sealed class ReceiveTraceTests : FilteredScene
{
    [Fact]
    public async Task A_message_that_is_filed_has_every_check_with_its_evidence()
    {
        Record();
        Filter.Score = 2.5;
        var result = await SendAsync(Plain, "alice@example.org");
        var trace = One(result.Id);
        Assert.Equal(TraceState.Delivered, trace.State);
        Assert.Equal(
        [
            $"connected id={result.Id} client=192.0.2.7 helo=client.sender.example protocol=smtp",
            "mail sender=x@sender.example",
            "recipient_accepted recipient=alice@example.org account=A",
            $"header message_id=1@sender.example author=x@sender.example size={Plain.Length} subject=hi",
            "authentication method=iprev result=permerror",
            "authentication method=spf result=pass domain=sender.example",
            "authentication method=dmarc result=pass domain=sender.example action=none",
            "judged action=accept score=2.5 required=6 rule=TEST 2.5",
            "filed account=A recipient=alice@example.org folder=INBOX uid=1 email=E",
            "accepted took=0",
        ], trace.Events.Select(Text));
    }

    [Fact]
    public async Task A_refused_message_says_why()
    {
        Record();
        (Filter.Score, Filter.Action) = (40, SpamAction.Reject);
        var result = await SendAsync(Plain, "alice@example.org");
        var trace = One(result.Id);
        Assert.Equal(TraceState.Refused, trace.State);
        Assert.Equal("1@sender.example", trace.MessageId);
        var refused = trace.Events[^1];
        Assert.Equal((TraceKind.Refused, "spam"), (refused.Kind, refused.Get(TraceField.Reason)));
        Assert.StartsWith("5", refused.Get(TraceField.Reply), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_recipients_and_senders_have_a_trace_and_a_client_that_goes_too()
    {
        Record();
        var begun = await Receiver.BeginAsync(Begin("x@sender.example", "192.0.2.7"), default);
        Assert.NotNull(await begun.Receiving.AddAsync(new(Addresses.Of("nobody@example.org"), null, null), default));
        begun.Receiving.End("");
        begun.Receiving.End("");
        var refused = Assert.Single(Find("nobody@example.org"));
        Assert.Equal((TraceState.Refused, "unknown"), (refused.State, refused.Events[^1].Get(TraceField.Reason)));
        begun = await Receiver.BeginAsync(Begin("gone@sender.example", "192.0.2.7"), default);
        Assert.Null(await begun.Receiving.AddAsync(new(Addresses.Of("alice@example.org"), null, null), default));
        begun.Receiving.End("");
        Assert.Equal(TraceState.GivenUp, Assert.Single(Find("gone@sender.example")).State);
        // Nobody was named: nothing to tell.
        begun = await Receiver.BeginAsync(Begin("empty@sender.example", "192.0.2.7"), default);
        begun.Receiving.End("");
        Assert.Empty(Find("empty@sender.example"));
        await Receiver.BeginAsync(Begin("bob@example.org", "192.0.2.7", "alice@example.org"), default);
        Assert.Equal(TraceState.Refused, Assert.Single(Find("bob@example.org")).State);
    }

    [Theory]
    [InlineData("discard;", TraceState.Discarded)]
    [InlineData("require \"fileinto\"; fileinto \"Archive\";", TraceState.Delivered)]
    [InlineData("require \"reject\"; reject \"no\";", TraceState.Refused)]
    [InlineData("redirect \"far@elsewhere.example\";", TraceState.Waiting)]
    [InlineData("require \"vacation\"; vacation \"away\";", TraceState.Delivered)]
    public async Task What_scripts_do_is_told(string script, TraceState state)
    {
        Record();
        await ActivateAsync("alice@example.org", script);
        var result = await SendAsync(Plain, "alice@example.org");
        Assert.Equal(state, One(result.Id).State);
    }

    [Fact]
    public async Task A_submission_is_told_with_its_login_and_its_place_in_the_queue()
    {
        Record();
        var result = await SendAsync("From: alice@example.org\r\nSubject: s\r\n\r\nhi\r\n", ["far@elsewhere.example", "bob@example.org"],
            "alice@example.org", login: "alice@example.org");
        var trace = One(result.Id);
        Assert.Equal(TraceState.Waiting, trace.State);
        Assert.Equal("alice@example.org", trace.Events[0].Get(TraceField.Login));
        var queued = Assert.Single(trace.Events, e => e.Kind == TraceKind.Queued);
        Assert.Contains(Find(queued.Get(TraceField.Queue)), t => t.Id == result.Id);
        Assert.Single(trace.Events, e => e.Kind == TraceKind.Filed);
    }

    [Fact]
    public async Task A_bounce_is_a_message_with_a_trace_of_its_own()
    {
        Record();
        // Over the quota after the data, while another took it: the sender is told.
        var big = Plain + new string('x', 1900) + "\r\n";
        var result = await SendAsync(big, ["alice@example.org", "tight@example.org"]);
        Assert.Equal(TraceState.Partly, One(result.Id).State);
        var bounce = Assert.Single(Find(""), t => t.Events[0].Kind == TraceKind.Made);
        Assert.Equal(("notice", TraceState.Waiting), (bounce.Events[0].Get(TraceField.Action), bounce.State));
        Assert.Equal(["x@sender.example"], bounce.Recipients);
    }

    [Fact]
    public async Task A_recorder_that_is_switched_off_is_told_nothing()
    {
        Record(new() { Enabled = false });
        await SendAsync(Plain, "alice@example.org");
        Assert.Empty(Find(""));
    }

    private void Record(TraceOptions? options = null)
    {
        Recorder = TraceRecorder.Open(Store.Folder, options ?? new(), Store.Clock, NullLogger.Instance);
        Store.Store.Told = new StoreTrace(Recorder, Ids, Store.Clock).Hear;
        Make(filters => filters with { Trace = Recorder });
    }

    private IReadOnlyList<MessageTrace> Find(string text) =>
        new TraceFinder(Recorder!).Find(TraceQuery.Parse(text, Store.Clock.GetUtcNow()), trace => trace, default);

    // Numbers of the store may be the same as those of messages.
    private MessageTrace One(string id) => Assert.Single(Find(id), t => t.Id == id);

    // Ids are of the moment: a letter for each kind.
    private static string Text(TraceEvent one) => $"{TraceKinds.Word(one.Kind)} {string.Join(' ', one.Evidence.Select(e =>
        $"{TraceFieldRules.Word(e.Field)}={(e.Field == TraceField.Account ? "A" : e.Field == TraceField.Email ? "E" : e.Text)}"))}";
}
