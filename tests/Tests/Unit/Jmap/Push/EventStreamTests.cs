using System.IO.Pipelines;
using System.Text;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8620 §7.3.</summary>
public sealed class EventStreamTests
{
    [Theory]
    [InlineData("*", "no", "0", true)]
    [InlineData("Email,Mailbox", "state", "300", true)]
    [InlineData(null, null, null, true)]
    [InlineData("", "no", "0", false)]
    [InlineData("*", "yes", "0", false)]
    [InlineData("*", "no", "-1", false)]
    [InlineData("*", "no", "1.5", false)]
    [InlineData("*", "no", "x", false)]
    public void Variables_are_checked(string? types, string? closeAfter, string? ping, bool holds) =>
        Assert.Equal(holds, EventSourceQuery.Read(types, closeAfter, ping, out _) is not null);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", 5)]
    [InlineData("30", 30)]
    [InlineData("300", 300)]
    [InlineData("999999999", 900)]
    public void Pings_are_within_what_the_RFC_allows(string asked, int seconds) =>
        Assert.Equal(seconds, EventSourceQuery.Read("*", "no", asked, out _)?.Ping.TotalSeconds);

    [Fact]
    public async Task A_new_message_is_told_and_after_it_the_stream_ends_when_that_was_asked_for()
    {
        await using var scene = await JmapScene.OpenAsync();
        using var stream = new Stream(scene, "*", "state", "0");
        await stream.StartedAsync();
        await scene.AppendAsync("Subject: a\n\nb\n");
        var text = await stream.UntilAsync("\n\n");
        Assert.StartsWith("event: state\nid: ", text);
        foreach (var type in (string[])["Email", "Mailbox", "Thread"]) Assert.Contains($"\"{type}\":\"", text);
        Assert.Contains($"\"changed\":{{\"{scene.Account}\":{{", text);
        await stream.EndsAsync();
    }

    [Fact]
    public async Task Only_the_types_that_were_asked_for_are_told()
    {
        await using var scene = await JmapScene.OpenAsync();
        using var stream = new Stream(scene, "Identity,Mailbox", "no", "0");
        await stream.StartedAsync();
        await scene.AppendAsync("Subject: a\n\nb\n");
        var text = await stream.UntilAsync("\n\n");
        Assert.Contains("\"Mailbox\":", text.Split("data: ")[1]);
        Assert.DoesNotContain("\"Email\":", text.Split("data: ")[1]);
        await scene.OneAsync("Identity/set", """ "create":{"a":{"email":"alice@example.test"}}""");
        Assert.Contains("\"Identity\":", (await stream.UntilAsync("\n\n")).Split("data: ")[1]);
    }

    [Fact]
    public async Task Pings_come_when_nothing_else_does_and_say_their_interval()
    {
        await using var scene = await JmapScene.OpenAsync();
        using var stream = new Stream(scene, "*", "no", "2");
        await stream.StartedAsync();
        scene.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("event: ping\ndata: {\"interval\":5}\n\n", await stream.UntilAsync("\n\n"));
    }

    [Fact]
    public async Task Who_comes_again_is_told_what_was_missed_and_only_that()
    {
        await using var scene = await JmapScene.OpenAsync();
        string id;
        using (var first = new Stream(scene, "*", "state", "0"))
        {
            await first.StartedAsync();
            await scene.AppendAsync("Subject: a\n\nb\n");
            var text = await first.UntilAsync("\n\n");
            id = text.Split("id: ")[1].Split('\n')[0];
        }
        await scene.OneAsync("Identity/set", """ "create":{"a":{"email":"alice@example.test"}}""");
        using var second = new Stream(scene, "*", "no", "0", id);
        var missed = (await second.UntilAsync("\n\n")).Split("data: ")[1];
        Assert.Contains("\"Identity\":", missed);
        Assert.DoesNotContain("\"Email\":", missed);
    }

    [Fact]
    public async Task A_login_that_is_over_hears_no_more()
    {
        await using var scene = await JmapScene.OpenAsync();
        var isOver = false;
        using var stream = new Stream(scene, "*", "no", "0", isOver: () => Volatile.Read(ref isOver));
        await stream.StartedAsync();
        Volatile.Write(ref isOver, true);
        await scene.AppendAsync("Subject: a\n\nb\n");
        await stream.EndsAsync();
        Assert.Equal("", stream.Rest);
    }

    private sealed class Stream : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Pipe _pipe = new();
        private readonly StringBuilder _text = new();
        private readonly Task _running;

        public Stream(JmapScene scene, string types, string closeAfter, string ping, string lastEventId = "", Func<bool>? isOver = null)
        {
            var query = EventSourceQuery.Read(types, closeAfter, ping, out _) ?? throw new InvalidOperationException("no query");
            _running = scene.Server.StreamAsync(scene.Alice, query, lastEventId, _pipe.Writer, isOver ?? (() => false), _stop.Token);
        }

        public string Rest => _text.ToString();

        // It listens as soon as the states have been read.
        public Task StartedAsync() => Task.Delay(300);

        public async Task<string> UntilAsync(string end)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (!_text.ToString().Contains(end, StringComparison.Ordinal))
            {
                var read = await _pipe.Reader.ReadAsync(patience.Token);
                foreach (var piece in read.Buffer) _text.Append(Encoding.UTF8.GetString(piece.Span));
                _pipe.Reader.AdvanceTo(read.Buffer.End);
            }
            var text = _text.ToString();
            var at = text.IndexOf(end, StringComparison.Ordinal) + end.Length;
            _text.Remove(0, at);
            return text[..at];
        }

        public Task EndsAsync() => _running.WaitAsync(TimeSpan.FromSeconds(30));

        public void Dispose()
        {
            _stop.Cancel();
            _stop.Dispose();
        }
    }
}
