using System.Net;
using Aviso.Dns;

namespace Aviso.Doctor;

/// <summary>Asks every server of a zone until all show what was changed.</summary>
internal sealed class PropagationWait(IResolver resolver, TimeProvider clock)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(5);

    private readonly ZoneServers _zones = new(resolver, clock);
    private readonly OneServer _one = new(clock);

    /// <summary>A row for each change: its own, or which server does not show it. Bounded by the patience of the zones.</summary>
    public async Task<IReadOnlyList<ApplyRow>> UntilShownAsync(IReadOnlyList<Shown> changes, CancellationToken cancel) =>
        await Task.WhenAll(changes.Select(c => OneAsync(c, cancel)));

    private async Task<ApplyRow> OneAsync(Shown change, CancellationToken cancel)
    {
        var servers = change.Entry.Checks.Count > 0 ? change.Entry.Checks : (await _zones.FindAsync(change.Name, cancel))?.Servers ?? [];
        if (servers.Count == 0)
            return change.Row with { Text = change.Row.Text + "; no name server of the zone was found to look at it" };
        var missing = servers.ToDictionary(s => s, _ => "");
        var begun = clock.GetTimestamp();
        var answered = false;
        for (var pause = FirstPause; ; pause = pause * 2 > LongestPause ? LongestPause : pause * 2)
        {
            foreach (var server in missing.Keys.ToList())
            {
                var said = await _one.AskAsync(server, change.Name, change.Type, cancel);
                answered |= said.Trouble.Length == 0;
                if (said.Trouble.Length == 0 && change.IsShown([.. said.Answer.Records.Select(RecordText.Of)])) missing.Remove(server);
                else missing[server] = said.Trouble;
            }
            // A server that cannot be reached from here (IPv6 without a path) is no server that lags.
            if (!missing.Values.Any(t => t.Length == 0) && answered) return change.Row with { Text = change.Row.Text + Unasked(missing) };
            if (clock.GetElapsedTime(begun) > change.Entry.Patience) return change.Row with
            {
                State = "failed",
                Text = $"it was written, but {string.Join(", ", missing.Select(Named))} did not show it within "
                    + $"{change.Entry.Patience.TotalSeconds:0} s: do they get "
                    + "changes from the primary, and can this machine reach them on port 53?",
            };
            await Task.Delay(pause, clock, cancel);
        }
    }

    private static string Unasked(Dictionary<IPEndPoint, string> missing) =>
        missing.Count == 0 ? "" : $"; {string.Join(", ", missing.Select(Named))} could not be asked";

    private static string Named(KeyValuePair<IPEndPoint, string> server) => server.Value.Length > 0 ? $"{server.Key} ({server.Value})"
        : server.Key.ToString();
}
