using System.Text.Json.Serialization;
using System.Threading.Channels;
using Aviso.Base;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Mail for one relay goes by another, whatever the routes of the settings say.</summary>
/// <param name="At">When it began; of one that went back: when it did. Unix seconds UTC.</param>
/// <param name="Taken">Recipients that the new relay took while it was on trial.</param>
/// <param name="Failed">Those that were refused, or bounced for want of proof, meanwhile.</param>
/// <param name="State">"trial", "holds" (the trial is over), or "back" (it went back, because of <paramref name="Why"/>, or
/// by hand where that is empty).</param>
public sealed record SwitchedRelay(string From, string To, long At, int Taken, int Failed, string State, string Why)
{
    [JsonIgnore]
    public bool IsInForce => State is "trial" or "holds";
}

/// <summary>
/// The guarded switch from one relay to another. It holds over a restart; the first messages are its trial: when as many fail as would be
/// seen as a broken relay or a missing record, mail goes back to the former one by itself and what waits goes with it. A message is in one
/// row of the queue, whichever relay that row leads to: nothing is lost or sent twice. Thread-safe.
/// </summary>
public sealed class RelaySwitch(IDocumentRows documents, TimeProvider clock, ILogger log) : IRelayEventSink
{
    /// <summary>Recipients of a trial that went well.</summary>
    public const int Trial = 20;

    /// <summary>Failures that end a trial, when they are half of it or more.</summary>
    public const int MostFailed = 3;

    private static readonly DocumentKey Key = new(default, "relay-switch", "now");

    private readonly SemaphoreSlim _one = new(1);
    private readonly Channel<(int Taken, int Failed, string Why)> _heard = Channel.CreateBounded<(int, int, string)>(
        new BoundedChannelOptions(1000) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private volatile SwitchedRelay? _now;

    /// <summary>The last one; null when there was none.</summary>
    public SwitchedRelay? Now => _now;

    /// <summary>Null: there was no switch.</summary>
    public LeftRelay? Left =>
        _now is { } now ? new(Router.RelayPrefix + (now.IsInForce ? now.From : now.To), (now.At + 1) * 1000) : null;

    /// <summary>Called after each change of what is in force; null: nothing is.</summary>
    public Action<SwitchedRelay?> Changed { get; set; } = _ => { };

    /// <summary>Called after it went back by itself.</summary>
    public Func<SwitchedRelay, CancellationToken, Task> WentBack { get; set; } = (_, _) => Task.CompletedTask;

    public async Task OpenAsync(CancellationToken cancel) =>
        _now = (await documents.GetDocumentAsync(Key.Owner, Key.Kind, Key.Name, cancel))?.Read(SwitchJson.Default.SwitchedRelay);

    /// <summary>From now on mail for <paramref name="from"/> goes by <paramref name="to"/>, on trial.</summary>
    public Task BeginAsync(string from, string to, CancellationToken cancel) =>
        ChangeAsync(_ => new(from, to, Seconds, 0, 0, "trial", ""), cancel);

    /// <summary>Goes back by hand: the routes of the settings say all again.</summary>
    public Task EndAsync(CancellationToken cancel) =>
        ChangeAsync(now => now is { IsInForce: true } ? now with { State = "back", Why = "", At = Seconds } : now, cancel);

    /// <summary>The routes of the settings have taken it over, or one of its relays is gone from them.</summary>
    public Task ForgetAsync(CancellationToken cancel) => ChangeAsync(_ => null, cancel);

    /// <summary>Called by the queue after each attempt at any message; never waits.</summary>
    public void Hear(IReadOnlyList<QueueTry> tries)
    {
        if (_now is not { State: "trial" } now) return;
        var ours = tries.Where(t => t.Destination == Router.RelayPrefix + now.To).ToList();
        var failed = ours.Where(IsFailure).ToList();
        var taken = ours.Count(t => t.IsDelivered);
        if (taken + failed.Count > 0) _heard.Writer.TryWrite((taken, failed.Count, failed.FirstOrDefault()?.Reply ?? ""));
    }

    /// <summary>What the new relay says later of mail of the trial: a receiver that misses SPF, DKIM or DMARC. Only what the vendor
    /// proved counts: bounces by mail are anybody's.</summary>
    public Task HeardAsync(RelayNews news, CancellationToken cancel)
    {
        if (_now is { State: "trial" } now && news is { IsByMail: false, Message: { } ours } && news.Relay == now.To
            && ours.HandedAt >= now.At * 1000 && news.Event.IsLoss && IsOfUs(news.Event.Status))
            _heard.Writer.TryWrite((0, 1, news.Event.Says));
        return Task.CompletedTask;
    }

    /// <summary>Judges what was heard, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await foreach (var (taken, failed, why) in _heard.Reader.ReadAllAsync(stop))
        {
            try
            {
                await CountAsync(taken, failed, why, stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.SwitchNotKept(e);
            }
        }
    }

    private long Seconds => clock.GetUtcNow().ToUnixTimeSeconds();

    // A recipient that does not exist says nothing of the relay; a refused login or connection, a sender that it does not know, and missing
    // proof do.
    private static bool IsFailure(QueueTry one) => !one.IsDelivered && !one.IsHeld && (one.Said is null || IsOfUs(one.Said));

    // RFC 3463 §3.2 X.1.7 and X.1.8: the sender's address; §3.8 X.7: security and policy.
    private static bool IsOfUs(EnhancedCode? code) => code is { Subject: 7 } or { Subject: 1, Detail: 7 or 8 };

    private async Task CountAsync(int taken, int failed, string why, CancellationToken cancel)
    {
        SwitchedRelay? back = null;
        await ChangeAsync(now =>
        {
            if (now is not { State: "trial" }) return now;
            var next = now with { Taken = now.Taken + taken, Failed = now.Failed + failed };
            if (next.Failed >= MostFailed && next.Failed >= next.Taken) return back = next with { State = "back", Why = why, At = Seconds };
            return next.Taken + next.Failed >= Trial ? next with { State = "holds" } : next;
        }, cancel);
        if (back is null) return;
        log.SwitchedBack(back.From, back.To, back.Failed, back.Failed + back.Taken, back.Why);
        await WentBack(back, cancel);
    }

    private async Task ChangeAsync(Func<SwitchedRelay?, SwitchedRelay?> change, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var (before, after) = (_now, change(_now));
            if (before == after) return;
            // On disk first: what holds now holds after a crash.
            if (after is null) await documents.ChangeDocumentsAsync([], [Key], cancel);
            else await documents.ChangeDocumentsAsync(
                [Documents.Of(Key, after, SwitchJson.Default.SwitchedRelay, clock.GetUtcNow().ToUnixTimeSeconds())], [], cancel);
            _now = after;
            if (before?.IsInForce != after?.IsInForce || before?.To != after?.To || before?.From != after?.From)
                Changed(after is { IsInForce: true } ? after : null);
        }
        finally
        {
            _one.Release();
        }
    }
}

[JsonSerializable(typeof(SwitchedRelay))]
internal sealed partial class SwitchJson : JsonSerializerContext;
