using System.Net;
using System.Threading.Channels;
using Aviso.Net;

namespace Aviso.Guard;

/// <summary>
/// Makes bans and changed passwords bite on connections that are open already, within a quarter of a second. Sleeps while nothing
/// changes; changes that come close together share one look at all connections.
/// </summary>
/// <param name="cut">Ends the connections of clients that may not be here.</param>
/// <param name="cutLogins">Ends the connections of logins that no longer hold.</param>
public sealed class CutBeat(
    Gatekeeper gate, LoginChanges changes, Action<Func<IPAddress, bool>> cut, Action<Func<Principal, bool>> cutLogins, TimeProvider clock)
{
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken stop)
    {
        var woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        gate.Book.Changed += Wake;
        changes.Changed += Wake;
        // Connections come in from the first moment: what changed since then is looked at.
        var (seen, count) = (gate.Book.Version, changes.Count);
        var upkeep = clock.GetTimestamp();
        try
        {
            while (true)
            {
                if (await SleepAsync(woken.Reader, upkeep, stop)) await Task.Delay(Together, clock, stop);
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
        finally
        {
            gate.Book.Changed -= Wake;
            changes.Changed -= Wake;
        }

        void Wake() => woken.Writer.TryWrite(true);
    }

    /// <summary>True when something changed, false when the upkeep is due.</summary>
    private async Task<bool> SleepAsync(ChannelReader<bool> woken, long upkeep, CancellationToken stop)
    {
        var left = UpkeepEvery - clock.GetElapsedTime(upkeep);
        if (left <= TimeSpan.Zero) return false;
        using var due = new CancellationTokenSource(left, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(due.Token, stop);
        try
        {
            return await woken.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }
}
