using System.Globalization;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>
/// A tally of each day, for five weeks. Written down every minute and at the end, so that a crash costs the counts of a minute at most;
/// a day without mail is written too, for it is another thing than a day that nobody counted. Thread-safe.
/// </summary>
/// <param name="used">Octets in use on the disk of the data folder; 0: not known.</param>
public sealed class DayTallies(IDocumentRows rows, Func<long> used, TimeProvider clock, ILogger log)
{
    /// <summary>Accounts of one day that have a place of their own.</summary>
    public const int MostAccounts = 2000;

    private const string Kind = "mail-tally", LoginKind = "last-logins", LoginName = "all", Form = "yyyy-MM-dd";
    private static readonly TimeSpan Kept = TimeSpan.FromDays(35), Every = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<DateOnly, Open> _open = [];
    private readonly Dictionary<string, long> _logins = new(StringComparer.Ordinal);
    private bool _loginsChanged;

    public DateOnly Today => DateOnly.FromDateTime(clock.GetLocalNow().DateTime);

    /// <summary>Goes on with what was counted before the last stop.</summary>
    public async Task OpenAsync(CancellationToken cancel)
    {
        var kept = (await rows.GetDocumentAsync(default, Kind, Name(Today), cancel))?.Read(DayJson.Default.MailDay);
        var logins = (await rows.GetDocumentAsync(default, LoginKind, LoginName, cancel))?.Read(DayJson.Default.LastLogins);
        lock (_gate)
        {
            if (kept is not null) _open[kept.Day] = new(kept);
            foreach (var (account, at) in logins?.At ?? new Dictionary<string, long>()) _logins[account] = at;
        }
    }

    public void Add(string word, long count)
    {
        lock (_gate)
        {
            var counts = Now().Counts;
            counts[word] = counts.GetValueOrDefault(word) + count;
        }
    }

    /// <summary>A message went into or out of an account.</summary>
    public void Moved(AccountId account, bool isOut)
    {
        lock (_gate)
        {
            var accounts = Now().Accounts;
            var name = account.ToString();
            if (!accounts.ContainsKey(name) && accounts.Count >= MostAccounts) name = "";
            var before = accounts.GetValueOrDefault(name) ?? new(0, 0);
            accounts[name] = isOut ? before with { Out = before.Out + 1 } : before with { In = before.In + 1 };
        }
    }

    public void LoggedIn(AccountId account)
    {
        lock (_gate) (_logins[account.ToString()], _loginsChanged) = (clock.GetUtcNow().ToUnixTimeSeconds(), true);
    }

    /// <summary>Null: not since logins are noted.</summary>
    public DateTimeOffset? LastLogin(AccountId account)
    {
        lock (_gate) return _logins.TryGetValue(account.ToString(), out var at) ? DateTimeOffset.FromUnixTimeSeconds(at) : null;
    }

    /// <summary>All days that are known, today's so far among them; the oldest first.</summary>
    public async Task<IReadOnlyList<MailDay>> ListAsync(CancellationToken cancel)
    {
        await WriteAsync(cancel);
        return [.. (await rows.ListDocumentsAsync(default, Kind, cancel)).Select(d => d.Read(DayJson.Default.MailDay)).OfType<MailDay>()
            .OrderBy(d => d.Day)];
    }

    /// <summary>Writes down what was counted until it is stopped, and once more then.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Every, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await WriteAsync(CancellationToken.None);
            }
            catch (Exception e)
            {
                // It is in memory still, and tried again.
                log.TallyNotKept(e);
            }
        }
    }

    public async Task WriteAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var (today, inUse) = (Today, used());
            List<MailDay> days;
            LastLogins? logins;
            lock (_gate)
            {
                _ = Now();
                foreach (var open in _open.Values.Where(o => o.Day == today && inUse > 0)) open.Used = inUse;
                days = [.. _open.Values.Select(o => o.Close())];
                logins = _loginsChanged ? new(new Dictionary<string, long>(_logins)) : null;
                _loginsChanged = false;
            }
            var now = clock.GetUtcNow();
            var set = days.ConvertAll(d => Documents.Of(new(default, Kind, Name(d.Day)), d, DayJson.Default.MailDay,
                now.ToUnixTimeSeconds(), (now + Kept).ToUnixTimeSeconds()));
            if (logins is not null)
                set.Add(Documents.Of(new(default, LoginKind, LoginName), logins, DayJson.Default.LastLogins, now.ToUnixTimeSeconds()));
            await rows.ChangeDocumentsAsync(set, [], cancel);
            // A day that is over and written down needs no place here.
            lock (_gate)
                foreach (var day in days.Where(d => d.Day != today)) _open.Remove(day.Day);
        }
        catch
        {
            lock (_gate) _loginsChanged = true;
            throw;
        }
        finally
        {
            _one.Release();
        }
    }

    private Open Now()
    {
        var today = Today;
        return _open.TryGetValue(today, out var open) ? open : _open[today] = new(new(today, new Dictionary<string, long>(),
            new Dictionary<string, AccountTally>(), 0));
    }

    private static string Name(DateOnly day) => day.ToString(Form, CultureInfo.InvariantCulture);

    /// <summary>A day that is still counted.</summary>
    private sealed class Open(MailDay from)
    {
        public DateOnly Day => from.Day;

        public Dictionary<string, long> Counts { get; } = new(from.Counts, StringComparer.Ordinal);

        public Dictionary<string, AccountTally> Accounts { get; } = new(from.Accounts, StringComparer.Ordinal);

        public long Used { get; set; } = from.Used;

        public MailDay Close() =>
            new(Day, new Dictionary<string, long>(Counts), new Dictionary<string, AccountTally>(Accounts), Used);
    }
}
