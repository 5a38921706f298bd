using Aviso.Guard;
using Aviso.Net;
using Aviso.Settings;
using Aviso.Smtp;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>The guard of this server: its decisions, who answers the listeners, and the beat that makes a ban bite on open connections.</summary>
internal sealed class GuardParts : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _clock;

    private GuardParts(Gatekeeper gate, TimeProvider clock) => (Gate, _clock) = (gate, clock);

    public Gatekeeper Gate { get; }

    /// <summary>Told by the accounts; see <see cref="Watch"/>.</summary>
    public LoginChanges Changes { get; } = new();

    /// <summary>Keys of bouncers, as the settings say now.</summary>
    public IReadOnlyList<Secret> Bouncers { get; private set; } = [];

    public static async Task<GuardParts> OpenAsync(ServerSettings settings, IDocumentRows rows, TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var book = await DecisionBook.OpenAsync(rows, clock, log, cancel);
        var parts = new GuardParts(new(Options(settings), book, clock, log), clock);
        parts.Take(settings);
        if (settings.Guard.Mode == GuardMode.Crowdsec)
            log.LogWarning("guard.mode is crowdsec: this version does not read an engine yet, so only decisions that are added or imported hold");
        return parts;
    }

    public IAuthenticator Before(IAuthenticator inner) => new GuardedLogin(inner, Gate, Changes, _clock);

    public SmtpServerOptions Before(SmtpServerOptions options) => options with
    {
        GreetingPause = origin => Gate.PauseFor(origin.Kind, origin.Remote.Address),
        AllowsCommand = origin => Gate.Allows(ClientRate.Commands, origin.Kind, origin.Remote.Address),
    };

    public void Take(ServerSettings settings) => (Gate.Options, Bouncers) = (Options(settings), settings.Guard.Bouncers);

    /// <summary>Ends connections of those who are banned while connected and of logins whose password changed, within one beat; the
    /// result stops it.</summary>
    public Func<Task> Watch(WireHost host)
    {
        var stop = new CancellationTokenSource();
        var watching = WatchAsync(host, stop.Token);
        return async () =>
        {
            await stop.CancelAsync();
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
        };
    }

    public ValueTask DisposeAsync() => Gate.Book.DisposeAsync();

    private async Task WatchAsync(WireHost host, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Beat, _clock);
        // Connections come in from the first moment: what changed since then is looked at.
        var seen = Gate.Book.Version;
        var upkeep = _clock.GetTimestamp();
        var changes = Changes.Count;
        while (await timer.WaitForNextTickAsync(stop))
        {
            if (Gate.Book.Version is var version && version != seen)
            {
                seen = version;
                host.Cut(Gate.IsBanned, "banned");
            }
            if (Changes.Count is var count && count != changes)
            {
                changes = count;
                host.CutLogins(Changes.IsOver, "credential-changed");
            }
            if (_clock.GetElapsedTime(upkeep) < UpkeepEvery) continue;
            upkeep = _clock.GetTimestamp();
            // A session may have been let in between the look at the change and its own note of who it is.
            if (changes > 0) host.CutLogins(Changes.IsOver, "credential-changed");
            Gate.Upkeep();
        }
    }

    private static GuardOptions Options(ServerSettings settings) => new(
        settings.Guard.Mode switch
        {
            GuardMode.Builtin => GuardOwner.Builtin,
            GuardMode.Crowdsec => GuardOwner.Crowdsec,
            _ => GuardOwner.None,
        },
        new([.. settings.Networks.Internal, .. settings.Networks.Proxies, .. settings.Networks.TrustedRelays, .. settings.Guard.Never]),
        PerMinute(settings.Limits.Connections), PerMinute(settings.Limits.Messages))
    {
        Ban = settings.Guard.Ban,
        CommandsPerMinute = PerMinute(settings.Limits.Commands),
        RecipientsPerMinute = PerMinute(settings.Limits.ClientRecipients),
        RefusedRecipientsPerMinute = PerMinute(settings.Limits.RefusedRecipients),
        GreetingPause = settings.Limits.GreetingPause,
    };

    private static double PerMinute(Rate rate) => rate.Count / rate.Per.TotalMinutes;
}
