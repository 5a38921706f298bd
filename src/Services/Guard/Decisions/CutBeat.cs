using System.Net;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>Makes bans and changed passwords bite on connections that are open already, within one beat.</summary>
/// <param name="cut">Ends the connections of clients that may not be here.</param>
/// <param name="cutLogins">Ends the connections of logins that no longer hold.</param>
public sealed class CutBeat(
    Gatekeeper gate, LoginChanges changes, Action<Func<IPAddress, bool>> cut, Action<Func<Principal, bool>> cutLogins, TimeProvider clock)
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Beat, clock);
        // Connections come in from the first moment: what changed since then is looked at.
        var seen = gate.Book.Version;
        var upkeep = clock.GetTimestamp();
        var count = changes.Count;
        while (await timer.WaitForNextTickAsync(stop))
        {
            if (gate.Book.Version is var version && version != seen)
            {
                seen = version;
                cut(gate.IsBanned);
            }
            if (changes.Count is var now && now != count)
            {
                count = now;
                cutLogins(changes.IsOver);
            }
            if (clock.GetElapsedTime(upkeep) < UpkeepEvery) continue;
            upkeep = clock.GetTimestamp();
            // A session may have been let in between the look at the change and its own note of who it is.
            if (count > 0) cutLogins(changes.IsOver);
            gate.Upkeep();
        }
    }
}
