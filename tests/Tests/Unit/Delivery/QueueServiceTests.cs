using Aviso.Delivery;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>What the verbs about the queue show.</summary>
public sealed class QueueServiceTests
{
    private readonly SetClock _clock = new();
    private readonly FakeQueue _queue;

    public QueueServiceTests() => _queue = new(_clock);

    [Theory]
    [InlineData("", "not tried yet", "")]
    [InlineData("mx1.far.test[203.0.113.1]: 451 4.7.1 greylisted [TLSv1.3]", "the remote host put it off", "mx1.far.test[203.0.113.1]: 451 4.7.1 greylisted [TLSv1.3]")]
    [InlineData("451 4.4.2 mx1.far.test[203.0.113.1]: 421 busy", "the remote host put it off", "mx1.far.test[203.0.113.1]: 421 busy")]
    [InlineData("451 4.4.1 mx1.far.test[203.0.113.1]: connect timed out", "mx1.far.test[203.0.113.1]: connect timed out", "")]
    [InlineData("451 4.4.3 the DNS cannot say now where mail for far.test goes", "the DNS cannot say now where mail for far.test goes", "")]
    [InlineData("mx1.far.test[2001:db8::1]: the connection was closed", "mx1.far.test[2001:db8::1]: the connection was closed", "")]
    public async Task Our_reason_and_the_remotes_reply_stand_apart(string last, string reason, string reply)
    {
        _queue.Add("far.test", to: "b@far.test");
        var row = Assert.Single(_queue.Rows);
        await _queue.SettleAsync([new(row.Message, row.Number, QueueResult.Retry, row.DueAt, last, row.DueAt)], [], default);
        var service = new QueueService(_queue, _clock, () => { }, NullLogger.Instance);
        var shown = Assert.Single(Assert.Single(await service.ListAsync(new(), 10, default)).Recipients);
        Assert.Equal((reason, reply, "waiting"), (shown.Reason, shown.LastReply, shown.State));
    }
}
