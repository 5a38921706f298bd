using System.Threading.Channels;
using Aviso.Base;
using Aviso.Mime;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Where mail that may bring a report waits to be looked through: after its 250, one message at a time. What a stranger packs into a
/// report costs this one worker a bounded time (<see cref="WorkLimits.Report"/>), and nobody's mail waits for it. The message itself is
/// stored by then: what is not read here is not lost, and it is said.
/// </summary>
public sealed class ReportIntake(ReportBook book, BodySpool spool, ILogger log)
{
    /// <summary>Messages that wait at once.</summary>
    public const int MostWaiting = 32;

    /// <summary>Octets of a message that is looked through.</summary>
    public const long MostOctets = 12 << 20;

    private readonly Channel<Waiting> _waiting = Channel.CreateBounded<Waiting>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true });

    private sealed record Waiting(SpooledBody? Body, MimePart? Root, TaskCompletionSource? Reached);

    /// <summary>Hands over a copy of the message; never waits.</summary>
    public void Take(SpooledBody body, MimePart root)
    {
        if (body.Length > MostOctets)
        {
            Refuse($"the message has more than {MostOctets >> 20} MB");
            return;
        }
        var copy = spool.Begin();
        try
        {
            body.ForEachPiece(piece => copy.Write(piece.Span));
            if (_waiting.Writer.TryWrite(new(copy, root, null))) return;
            Refuse($"{MostWaiting} others wait to be read");
        }
        catch (SpoolFullException)
        {
            Refuse("the spool is full");
        }
        copy.Dispose();
    }

    /// <summary>Reads what comes, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var next in _waiting.Reader.ReadAllAsync(stop)) await ReadAsync(next, stop);
        }
        finally
        {
            _waiting.Writer.TryComplete();
            while (_waiting.Reader.TryRead(out var left))
            {
                left.Reached?.TrySetCanceled(stop);
                if (left.Body is null) continue;
                Refuse("the server stopped before");
                left.Body.Dispose();
            }
        }
    }

    /// <summary>When everything handed over so far has been looked through.</summary>
    public async Task IdleAsync(CancellationToken cancel)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync(new(null, null, reached), cancel);
        await reached.Task.WaitAsync(cancel);
    }

    private async Task ReadAsync(Waiting next, CancellationToken stop)
    {
        next.Reached?.TrySetResult();
        if (next is not { Body: { } body, Root: { } root }) return;
        using (body)
        {
            try
            {
                await book.ReadAsync(body, root, stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.ReportsFailed(e);
            }
        }
    }

    private void Refuse(string why)
    {
        ReportMeters.Received("unread", 1);
        log.ReportUnreadable(why);
    }
}
