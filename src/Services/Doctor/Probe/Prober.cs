using Aviso.Base;
using Aviso.Delivery;
using Aviso.Net;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>What the probe needs of others.</summary>
/// <param name="AccountOf">The account of an address; null when there is none.</param>
/// <param name="Password">One that opens the account's mail over IMAP and JMAP.</param>
public sealed record ProbeParts(
    IMailStore Store, MessageReader Reader, Dns.IResolver Resolver, ProbeDepartures Departures, Func<SpooledBody, string,
        ReadOnlyMemory<byte>> Sign,
    Action WakeQueue, Func<string, AccountId?> AccountOf, Func<CancellationToken, Task<string>> Password, TimeProvider Clock, ILogger Log)
{
    public Dial Dial { get; init; } = SocketDial.ConnectAsync;

    /// <summary>The way to the servers of others over HTTP.</summary>
    public Func<HttpMessageHandler> Outside { get; init; } = () => new SocketsHttpHandler { AllowAutoRedirect = false };
}

/// <summary>One way as `probe status` shows it.</summary>
/// <param name="Next">When it is due: in the past while it waits for others, or when it does not run any more.</param>
/// <param name="LastSuccess">Null: it never came through.</param>
public sealed record ProbeStatus(string Route, DateTimeOffset Next, DateTimeOffset? LastSuccess, ProbeResult? Last);

/// <summary>
/// Sends a message out of the house and looks whether it comes back, each way by its own beat, one run at a time. What it made it takes
/// away,
/// late ones too. A clock that jumps changes nothing: the beat is measured, not read.
/// </summary>
public sealed class Prober : IDisposable
{
    // A week of a way that fails every five minutes.
    private const int MostMissing = 2000;
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30), MissingFor = TimeSpan.FromDays(7);

    private readonly ProbeParts _parts;
    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<string, long> _lastRun = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changed = new(0);
    private readonly long _started;
    private volatile ProbeState _state = new();
    private volatile ProbeOptions? _options;
    private ProbeInbox? _inbox;
    private AccountId? _account;
    private volatile bool _remembered;

    public Prober(ProbeParts parts, ProbeOptions? options)
    {
        (_parts, _options, _started) = (parts, options, parts.Clock.GetTimestamp());
    }

    /// <summary>Null: nothing is probed. May change while it runs.</summary>
    public ProbeOptions? Options
    {
        get => _options;
        set
        {
            _options = value;
            _changed.Release();
        }
    }

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await NextAsync(stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _parts.Log.ProbeBroke(e);
                await Task.Delay(FirstWait, _parts.Clock, stop);
            }
        }
    }

    /// <summary>Runs one way, or all, now.</summary>
    /// <returns>Null: there is no such way.</returns>
    public async Task<IReadOnlyList<ProbeResult>?> RunNowAsync(string? name, CancellationToken cancel)
    {
        if (_options is not { } options) return null;
        var ways = options.Ways.Where(w => name is null || w.Name == name).ToList();
        if (ways.Count == 0) return null;
        var results = new List<ProbeResult>();
        foreach (var way in ways) results.Add(await OneAsync(options, way, cancel));
        return results;
    }

    public IReadOnlyList<ProbeStatus> Status()
    {
        var now = _parts.Clock.GetUtcNow();
        return [.. (_options?.Ways ?? []).Select(way =>
        {
            var memory = _state.Ways.GetValueOrDefault(way.Name);
            return new ProbeStatus(way.Name, now + Wait(_options!, way),
                memory is { LastCame: > 0 } ? DateTimeOffset.FromUnixTimeSeconds(memory.LastCame) : null, memory?.Last);
        })];
    }

    public void Dispose()
    {
        _inbox?.Dispose();
        _one.Dispose();
        _changed.Dispose();
    }

    private async Task NextAsync(CancellationToken stop)
    {
        await RememberedAsync(stop);
        var (way, wait) = Next();
        if (wait <= TimeSpan.Zero)
        {
            await OneAsync(_options!, way!, stop);
            return;
        }
        using var sleep = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(Task.Delay(wait, _parts.Clock, sleep.Token), _changed.WaitAsync(sleep.Token));
        await sleep.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private async Task RememberedAsync(CancellationToken cancel)
    {
        if (_remembered) return;
        _state = await ProbeState.LoadAsync(_parts.Store, cancel);
        ProbeMeters.Show(Standing);
        _remembered = true;
    }

    private (ProbeWay? Way, TimeSpan Wait) Next() => _options is not { } options ? (null, TimeSpan.FromHours(1))
        : options.Ways.Select(w => ((ProbeWay?)w, Wait(options, w))).OrderBy(w => w.Item2).FirstOrDefault((null, TimeSpan.FromHours(1)));

    private TimeSpan Wait(ProbeOptions options, ProbeWay way)
    {
        var beat = way.AtLeast > options.Every ? way.AtLeast : options.Every;
        if (_lastRun.TryGetValue(way.Name, out var last)) return beat - _parts.Clock.GetElapsedTime(last);
        // From before the restart; a time that has not come yet was written by a clock that has been put back since.
        var rest = FirstWait;
        if (_state.Ways.GetValueOrDefault(way.Name) is { } memory)
        {
            var ago = _parts.Clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(memory.LastSent);
            rest = ago < TimeSpan.Zero ? beat : ago + FirstWait > beat ? FirstWait : beat - ago;
        }
        return rest - _parts.Clock.GetElapsedTime(_started);
    }

    private async Task<ProbeResult> OneAsync(ProbeOptions options, ProbeWay way, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await RememberedAsync(cancel);
            var began = _parts.Clock.GetUtcNow();
            _lastRun[way.Name] = _parts.Clock.GetTimestamp();
            var result = await TripAsync(options, way, began, cancel);
            await RememberAsync(result, cancel);
            using var http = Http(_parts.Outside());
            await new ProbePush(http, _parts.Clock, _parts.Log).TellAsync(options, Standing(), cancel);
            return result;
        }
        finally
        {
            _one.Release();
        }
    }

    // Of the ways that are probed now.
    private IReadOnlyList<(string Route, ProbeMemory Memory)> Standing()
    {
        var (options, state) = (_options, _state);
        return [.. (options?.Ways ?? []).Where(w => state.Ways.ContainsKey(w.Name)).Select(w => (w.Name, state.Ways[w.Name]))];
    }

    private async Task<ProbeResult> TripAsync(ProbeOptions options, ProbeWay way, DateTimeOffset began, CancellationToken cancel)
    {
        if (await InboxAsync(options, cancel) is not { } inbox)
            return new(way.Name, began, TimeSpan.Zero, [], ProbeStage.Send, $"there is no account {options.Account.Wire}", "", []);
        var dial = new ProbeDial(_parts.Resolver, _parts.Dial, _parts.Clock);
        using var outside = Http(_parts.Outside());
        using var ours = Http(dial, options);
        var trip = new RoundTrip(_parts, options, inbox, dial, outside, ours);
        var (result, missing) = await trip.RunAsync(way, began, cancel);
        if (missing is not { } marker) return result;
        var lost = new MissingProbe(marker, way.Name, began.ToUnixTimeSeconds());
        if (_state.Missing.Count >= MostMissing)
        {
            _parts.Log.ProbesForgotten(MostMissing);
            inbox.Forget(_state.Missing[0].Marker);
        }
        _state = _state with { Missing = [.. _state.Missing.TakeLast(MostMissing - 1), lost] };
        return result;
    }

    private async Task RememberAsync(ProbeResult result, CancellationToken cancel)
    {
        var now = _parts.Clock.GetUtcNow();
        var before = _state.Ways.GetValueOrDefault(result.Route);
        var ways = _state.Ways.ToDictionary();
        ways[result.Route] = new(result.Began.ToUnixTimeSeconds(), result.Came ? now.ToUnixTimeSeconds() : before?.LastCame ?? 0, result);
        var oldest = (now - MissingFor).ToUnixTimeSeconds();
        foreach (var gone in _state.Missing.Where(m => m.SentAt < oldest)) _inbox?.Forget(gone.Marker);
        _state = _state with { Ways = ways, Seen = _inbox?.Seen ?? 0, Missing = [.. _state.Missing.Where(m => m.SentAt >= oldest)] };
        await _state.SaveAsync(_parts.Store, now, cancel);
        ProbeMeters.Ended(result);
        if (result.Came) _parts.Log.ProbeCame(result.Route, (long)result.Took.TotalMilliseconds, result.Path);
        else _parts.Log.ProbeFailed(result.Route, result.FailedStage!, result.Problem);
    }

    private async Task<ProbeInbox?> InboxAsync(ProbeOptions options, CancellationToken cancel)
    {
        if (_parts.AccountOf(options.Account.Wire) is not { } account) return null;
        if (_inbox is { } open && _account == account) return open;
        _inbox?.Dispose();
        var seen = _state.Seen > 0 ? _state.Seen : await _parts.Store.StateAsync(account, cancel);
        _inbox = new(_parts.Store, account, seen, _parts.Clock, CameLate, e => _parts.Log.ProbesNotLookedFor(e));
        _account = account;
        foreach (var missing in _state.Missing) _inbox.Await(missing.Marker);
        await _inbox.LookAsync();
        return _inbox;
    }

    private void CameLate(ProbeArrival arrival)
    {
        var missing = _state.Missing.FirstOrDefault(m => m.Marker == arrival.Marker);
        var late = arrival.At - DateTimeOffset.FromUnixTimeSeconds(missing?.SentAt ?? arrival.At.ToUnixTimeSeconds());
        ProbeMeters.CameLate(missing?.Route ?? "");
        _parts.Log.ProbeCameLate(missing?.Route ?? "", (long)late.TotalSeconds, arrival.Path);
        _state = _state with { Missing = [.. _state.Missing.Where(m => m.Marker != arrival.Marker)] };
        _ = DeleteAsync(arrival);
    }

    private async Task DeleteAsync(ProbeArrival arrival)
    {
        try
        {
            await _inbox!.DeleteAsync(arrival, CancellationToken.None);
        }
        catch (Exception e)
        {
            _parts.Log.ProbesNotLookedFor(e);
        }
    }

    private static HttpClient Http(HttpMessageHandler handler) => new(handler)
    {
        Timeout = TimeSpan.FromSeconds(30),
        MaxResponseContentBufferSize = 1 << 20,
    };

    /// <summary>For our own server, whose authority the settings may name.</summary>
    private static HttpClient Http(ProbeDial dial, ProbeOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, cancel) =>
                await dial.ConnectAsync(new HostPort(context.DnsEndPoint.Host, context.DnsEndPoint.Port), cancel),
        };
        handler.SslOptions.CertificateChainPolicy = Authorities.Policy(options.Roots);
        return Http(handler);
    }
}
