// The CrowdSec side of Guard: decisions of an engine come in here (EngineList), our alerts go out (AlertOutbox), and a log in Postfix's and
// Dovecot's words feeds engines that read logs (CompatibilityLog). Rules: never a question to the engine on the way of a connection; when
// it is away, the last list holds until its times are over and everything else goes on; our scenarios do not ban while it decides.
using System.Globalization;
using System.Text;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>The connection to one CrowdSec engine while it owns the policy.</summary>
public sealed class EngineLink : IAsyncDisposable
{
    // A list that lost a change, by whoever's fault, is whole again after this.
    private static readonly TimeSpan WholeEvery = TimeSpan.FromHours(1);
    private static readonly TimeSpan RememberEvery = TimeSpan.FromMinutes(1);
    private static readonly DocumentKey LastPull = new(default, "engine-state", "pulled");

    private readonly EngineOptions _options;
    private readonly Gatekeeper _gate;
    private readonly IDocumentRows _rows;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly EngineClient _client;
    private readonly EngineList _list;
    private readonly AlertOutbox? _outbox;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <param name="handler">Instead of the network, in tests.</param>
    public EngineLink(
        EngineOptions options, Gatekeeper gate, IDocumentRows rows, TimeProvider clock, ILogger log, HttpMessageHandler? handler = null)
    {
        (_options, _gate, _rows, _clock, _log) = (options, gate, rows, clock, log);
        _client = new(options, clock, handler);
        _list = new(gate, clock, log);
        if (options.Machine is not null)
        {
            _outbox = new(_client, rows, clock, log);
            gate.Fired += Tell;
        }
        _running = Task.WhenAll(
            Task.Run(() => GuardedAsync(PullAsync), CancellationToken.None),
            Task.Run(() => GuardedAsync(_outbox is null ? _ => Task.CompletedTask : _outbox.RunAsync), CancellationToken.None));
    }

    public EngineOptions Options => _options;

    /// <summary>When the engine last told its decisions; null: never yet.</summary>
    public DateTimeOffset? LastAnswer { get; private set; }

    /// <summary>Why it does not answer; null while it does.</summary>
    public string? Problem { get; private set; }

    /// <summary>Alerts it has not taken yet.</summary>
    public int AlertsWaiting => _outbox?.Count ?? 0;

    public async ValueTask DisposeAsync()
    {
        _gate.Fired -= Tell;
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _stop.Dispose();
    }

    private void Tell(Firing firing) => _outbox!.Add(EngineAlert.Of(firing));

    /// <summary>A fault of ours ends no loop: it is an event, and the loop begins again.</summary>
    private async Task GuardedAsync(Func<CancellationToken, Task> loop)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await loop(_stop.Token);
                return;
            }
            catch (Exception e) when (!_stop.IsCancellationRequested)
            {
                _log.EngineFault(e);
                await Task.Delay(_options.Every, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task PullAsync(CancellationToken stop)
    {
        await RememberedAsync(stop);
        var (whole, wholeAt, remembered) = (true, 0L, 0L);
        while (true)
        {
            whole |= _clock.GetElapsedTime(wholeAt) >= WholeEvery;
            var reply = await _client.PullAsync(whole, stop);
            GuardMeters.Pulled(reply.Result == EngineResult.Ok ? "ok" : reply.Result == EngineResult.NotKnown ? "refused" : "away");
            if (reply.Result == EngineResult.Ok)
            {
                Take(reply.Value!, whole);
                if (whole) wholeAt = _clock.GetTimestamp();
                whole = false;
                if (remembered == 0 || _clock.GetElapsedTime(remembered) >= RememberEvery)
                {
                    remembered = _clock.GetTimestamp();
                    await RememberAsync(stop);
                }
            }
            else
            {
                // What it said since then is lost with the answer we did not get, or with the engine's memory of us.
                whole = true;
                Lost(reply.Problem);
            }
            if (LastAnswer is { } last) GuardMeters.LapiAge(_clock.GetUtcNow() - last);
            await Task.Delay(_options.Every, _clock, stop);
        }
    }

    private void Take(EngineStream stream, bool whole)
    {
        var (added, removed) = _list.Apply(stream, whole);
        LastAnswer = _clock.GetUtcNow();
        if (whole) _log.EngineTold(_options.Url, _list.Count, added, removed);
        else if (added + removed > 0) _log.EngineDecided(added, removed, _list.Count);
        Problem = null;
    }

    private void Lost(string problem)
    {
        if (Problem is null)
        {
            _log.EngineSilent(_options.Url, problem, _list.Count, LastAnswer is { } last ? last.ToString("u", CultureInfo.InvariantCulture) : "never");
        }
        Problem = problem;
    }

    private async Task RememberedAsync(CancellationToken stop)
    {
        if (await _rows.GetDocumentAsync(LastPull.Owner, LastPull.Kind, LastPull.Name, stop) is { } document
            && DateTimeOffset.TryParse(Encoding.ASCII.GetString(document.Value), CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal, out var at)) LastAnswer = at;
    }

    private async Task RememberAsync(CancellationToken stop)
    {
        var now = _clock.GetUtcNow();
        await _rows.ChangeDocumentsAsync(
            [new(LastPull, Encoding.ASCII.GetBytes(now.ToString("O", CultureInfo.InvariantCulture)), now.ToUnixTimeSeconds())], [], stop);
    }
}
