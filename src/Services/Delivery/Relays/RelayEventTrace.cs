using Aviso.Trace;

namespace Aviso.Delivery;

/// <summary>What a relay says later of a message goes into its trace: "accepted, then dropped" is seen there.</summary>
public sealed class RelayEventTrace(TraceRecorder trace) : IRelayEventSink
{
    public Task HeardAsync(RelayNews news, CancellationToken cancel)
    {
        var heard = news.Event;
        trace.Hear(new(heard.At, news.Relay, heard.Kind.ToString().ToLowerInvariant(), Result(heard.Kind), heard.Recipient, heard.Says)
        {
            Queue = news.Message?.Id.ToString() ?? "",
            MessageId = news.Message?.MessageId ?? "",
        });
        return Task.CompletedTask;
    }

    // A complaint is about mail that arrived.
    private static string Result(RelayEventKind kind) => kind switch
    {
        RelayEventKind.Bounced or RelayEventKind.Dropped => "failed",
        RelayEventKind.Deferred => "deferred",
        _ => "delivered",
    };
}
