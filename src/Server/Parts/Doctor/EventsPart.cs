using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.MailAuth;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>Whom the settings name to be told of findings.</summary>
internal sealed class EventsPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly EventPost _post = new();
    private readonly Site _site;
    private readonly EventDesk _desk;
    private readonly DigestDesk _digest;
    private readonly Task _running;
    private volatile ServerSettings _settings;

    private EventsPart(Site site, ServerSettings settings, EventDesk desk)
    {
        (_site, _settings, _desk) = (site, settings, desk);
        _digest = new(site.The<SqliteMailStore>(), new DigestSights(site, () => _settings).LookAsync, site.Clock, site.Log("Doctor"));
        Take(settings);
        _running = Task.WhenAll(desk.RunAsync(_stop.Token), _digest.RunAsync(_stop.Token));
    }

    public string Name => "events";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var desk = site.The<EventDesk>();
        await desk.OpenAsync(cancel);
        return new EventsPart(site, settings, desk);
    }

    public Task<IReadOnlyList<string>> TakeAsync(ServerSettings now, CancellationToken cancel)
    {
        Take(now);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _post.Dispose();
        _stop.Dispose();
    }

    private void Take(ServerSettings now)
    {
        _settings = now;
        var (events, source) = (now.Events, new EventSource(() => _settings.HostName, _site.Clock));
        var (book, day, hour) = (_site.The<FindingBook>(), events.Digest.Day, events.Digest.Hour);
        var targets = new List<IEventTarget>();
        OwnerLetter? letter = events.Mail.To is { Count: > 0 } to ? new(to, MailParts(events.Mail.Relay), book, source) : null;
        if (letter is not null) targets.Add(new MailTarget(letter, source));
        _digest.Plan = letter is not null && day is { } wanted ? new(wanted, hour, letter) : null;
        targets.AddRange(events.Webhooks.Select(w => new WebhookTarget(new(w.Url), w.Secret?.Reveal(), source, _post)));
        if (events.HasNtfy) targets.Add(new NtfyTarget(new(events.Ntfy.Topic), events.Ntfy.Token?.Reveal(), source, _post));
        if (events.HasGotify) targets.Add(new GotifyTarget(new(events.Gotify.Url), events.Gotify.Token.Reveal(), source, _post));
        var from = events.From;
        if (events.HasAlertmanager) targets.Add(new AlertmanagerTarget(new(events.Alertmanager.Url), book, () => from, source, _post));
        var quiet = events.Quiet;
        _desk.Options = new(targets, from, at => EventsMapping.IsQuiet(quiet, TimeZoneInfo.ConvertTime(at, TimeZoneInfo.Local).TimeOfDay));
        _site.The<LiveRouter>().Detour = letter is null ? null : letter.DetourOf;
    }

    private EventMailParts MailParts(string? relay)
    {
        var (router, keys) = (_site.The<LiveRouter>(), _site.The<SigningKeys>());
        return new(_site.The<SqliteMailStore>(), _site.Reader, _site.The<INoticeTarget>(), Ways,
            () => $"postmaster@{_settings.Domains.Select(d => d.Name).FirstOrDefault() ?? _settings.HostName}",
            (body, domain) => DkimSigner.Sign(body, keys.KeysOf(domain), SignOptions.Default, _site.Clock.GetUtcNow()),
            _site.The<QueueRunner>().Wake);

        IReadOnlyList<string> Ways(string address)
        {
            var direct = RowAddresses.Read(address).Domain.Ascii;
            var first = relay is null ? router.ByRoutes(default, RowAddresses.Read(address)) : relay == RouteSection.Direct ? direct
                : Router.RelayPrefix + relay;
            return [.. ((string[])[first, .. _settings.Relays.Select(r => Router.RelayPrefix + r.Name), direct]).Distinct()];
        }
    }
}
