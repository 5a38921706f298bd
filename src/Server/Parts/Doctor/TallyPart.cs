using Aviso.Doctor;
using Aviso.Settings;
using Aviso.Store;

namespace Aviso.Server;

/// <summary>What is counted of mail for people: before anything that is counted.</summary>
internal sealed class TallyPart : IPart
{
    private readonly CancellationTokenSource _stop = new();
    private readonly MailFlow _flow;
    private readonly Task _running;

    private TallyPart(MailFlow flow, DayTallies days) => (_flow, _running) = (flow, days.RunAsync(_stop.Token));

    public string Name => "tally";

    public static async Task<IPart> OpenAsync(Site site, ServerSettings settings, CancellationToken cancel)
    {
        var days = new DayTallies(site.The<SqliteMailStore>(),
            () => FileSystem.Look(settings.Data) is { } disk ? disk.Total - disk.Free : 0,
            site.Clock, site.Log("Doctor"));
        await days.OpenAsync(cancel);
        site.Put(days);
        return new TallyPart(site.Put(new MailFlow(site.Clock, site.Log("Doctor"), days.Add)), days);
    }

    public async ValueTask DisposeAsync()
    {
        _flow.Dispose();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
