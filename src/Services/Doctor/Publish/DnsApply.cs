using Aviso.Dns;
using Microsoft.Extensions.Logging;

namespace Aviso.Doctor;

/// <summary>What became of one set of records.</summary>
/// <param name="State">created, updated, deleted, restored, left or failed.</param>
/// <param name="Text">What people ought to know.</param>
public sealed record ApplyRow(string Name, string Type, string State, string Text);

/// <summary>Makes the DNS say what the plan says, and takes that back. One at a time.</summary>
public sealed class DnsApply(DnsPlanner planner, OwnedRecords owned, Func<DnsHosts> hosts, IResolver resolver, TimeProvider clock,
    ILogger log) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly PropagationWait _wait = new(resolver, clock);

    /// <summary>Writes what the plan wants changed now.</summary>
    /// <param name="only">NAME/TYPE of what to change; empty for all.</param>
    public Task<IReadOnlyList<ApplyRow>> ApplyAsync(string? domain, IReadOnlyList<string> only, CancellationToken cancel) =>
        OneAtATimeAsync(async () =>
    {
        var plan = await planner.PlanAsync(domain, cancel);
        var rows = new List<ApplyRow>();
        var waiting = new List<Shown>();
        // Later than any before, whatever the clock says.
        var former = (await owned.AllAsync(cancel)).SelectMany(o => o.Steps).Select(s => s.Run).DefaultIfEmpty().Max();
        var run = Math.Max(clock.GetUtcNow().ToUnixTimeMilliseconds(), former + 1);
        foreach (var line in plan.Lines.Where(l => l.IsChange && IsMeant(l.Label, only)))
        {
            if (hosts().For(line.Name) is not { } entry) rows.Add(Row(line, "left",
                $"no entry of `dns.zones` holds {line.Name}: publish it by hand, `aviso dns export` writes it"));
            else if (await ChangeAsync(line, entry, run, cancel) is { } problem) rows.Add(Row(line, "failed", problem));
            else waiting.Add(new(Row(line, line.Action switch
            {
                PlanAction.Create => "created",
                PlanAction.Delete => "deleted",
                _ => "updated"
            }, Said(line.Wanted)),
                entry, line.Name, line.Type, IsShown(line)));
        }
        return [.. rows, .. await _wait.UntilShownAsync(waiting, cancel), .. NotThere(only, plan.Lines)];
    }, cancel);

    /// <summary>Puts back what stood before the last apply, where nobody has changed it since. One that only published keys that sign now
    /// is passed over unless they are named: keys follow one another by themselves, and without their records all mail would fail.</summary>
    public Task<IReadOnlyList<ApplyRow>> RollBackAsync(IReadOnlyList<string> only, CancellationToken cancel) => OneAtATimeAsync(async () =>
    {
        var signing = only.Count > 0 ? [] : (await planner.WantedAsync(cancel))
            .Where(w => w is { Purpose: DnsPurpose.Dkim, Type: DnsType.Txt, Urgent: true })
            .Select(w => w.Label).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var all = (await owned.AllAsync(cancel)).Where(o => o.Steps.Count > 0 && IsMeant(o.AsWanted.Label, only)).ToList();
        var last = all.Where(o => !signing.Contains(o.AsWanted.Label)).Select(o => o.Steps[^1].Run).DefaultIfEmpty().Max();
        var rows = new List<ApplyRow>();
        var waiting = new List<Shown>();
        // By name: an announcement (_mta-sts) goes before its host.
        foreach (var set in all.Where(o => only.Count > 0 || o.Steps[^1].Run == last))
        {
            if (hosts().For(set.Name) is not { } entry) rows.Add(Row(set, "left", $"no entry of `dns.zones` holds {set.Name} any more"));
            else await UndoAsync(set, entry, rows, waiting, cancel);
        }
        return [.. rows, .. await _wait.UntilShownAsync(waiting, cancel)];
    }, cancel);

    public void Dispose() => _one.Dispose();

    // What will be written is known before it is sent: whatever happens between, the next plan or a roll-back finds one of the two.
    private async Task<string?> ChangeAsync(PlanLine line, DnsHostEntry entry, long run, CancellationToken cancel)
    {
        var adds = line.Adds.Select(v => RecordText.Parse(line.Name, line.Ttl, line.Type, v)).ToList();
        if (adds.Contains(null)) return $"`{line.Adds[adds.IndexOf(null)]}` cannot be written as {DnsTypes.NameOf(line.Type)}";
        var ttl = line.Removes.Select(r => r.Record.Ttl).DefaultIfEmpty(line.Ttl).Max();
        await owned.AddAsync(line, await owned.AllAsync(cancel), new(run, line.Found, line.Wanted, line.Ours, ttl), cancel);
        var problem = await entry.Host.ChangeAsync(line.Name, line.Removes, [.. adds.OfType<DnsRecord>()], cancel);
        if (problem is null) log.RecordChanged(line.Name, DnsTypes.NameOf(line.Type), entry.Host.Name, string.Join(" | ", line.Found),
            string.Join(" | ", line.Wanted));
        else log.RecordNotChanged(line.Name, DnsTypes.NameOf(line.Type), entry.Host.Name, problem);
        return problem;
    }

    private async Task UndoAsync(OwnedSet set, DnsHostEntry entry, List<ApplyRow> rows, List<Shown> waiting, CancellationToken cancel)
    {
        var (wanted, step) = (set.AsWanted, set.Steps[^1]);
        var found = await entry.Host.Look().ReadAsync(set.Name, set.Type, cancel);
        if (found.Trouble.Length > 0 || found.Alias is not null)
        {
            rows.Add(Row(set, "failed", found.Trouble.Length > 0 ? found.Trouble : $"the name is an alias of {found.Alias} now"));
            return;
        }
        var ours = found.Records.Where(r => wanted.IsOurs(r.Text)).ToList();
        if (Comparison.Shows(wanted, ours.Select(r => r.Text), step.Before))
        {
            await owned.DropLastAsync(set, cancel);
            rows.Add(Row(set, "restored", "what stood before stands there already"));
            return;
        }
        if (!Comparison.Shows(wanted, ours.Select(r => r.Text), step.After))
        {
            rows.Add(Row(set, "left",
                $"somebody changed it since: {string.Join(" | ", ours.Select(r => r.Text).DefaultIfEmpty("nothing"))} stands there"));
            return;
        }
        var removes = ours.Where(r => !step.Before.Any(b => Comparison.AreSame(wanted, b, r.Text))).ToList();
        var adds = step.Before.Where(b => !ours.Exists(r => Comparison.AreSame(wanted, b, r.Text)))
            .Select(b => RecordText.Parse(set.Name, step.Ttl, set.Type, b)).OfType<DnsRecord>().ToList();
        if (await entry.Host.ChangeAsync(set.Name, removes, adds, cancel) is { } problem)
        {
            rows.Add(Row(set, "failed", problem));
            return;
        }
        await owned.DropLastAsync(set, cancel);
        log.RecordChanged(set.Name, DnsTypes.NameOf(set.Type), entry.Host.Name, string.Join(" | ", step.After),
            string.Join(" | ", step.Before));
        waiting.Add(new(Row(set, "restored", $"{string.Join(" | ", step.Before.DefaultIfEmpty("nothing"))} stands there again"), entry,
            set.Name, set.Type,
            texts => Comparison.Shows(wanted, texts, step.Before)));
    }

    private static Func<IReadOnlyList<string>, bool> IsShown(PlanLine line)
    {
        var set = new WantedSet(line.Domain, line.Purpose, line.Name, line.Type, line.Wanted, "");
        return texts => line.Adds.All(a => texts.Any(t => Comparison.AreSame(set, a, t)))
            && !line.Removes.Any(r => texts.Any(t => Comparison.AreSame(set, r.Text, t)) && !line.Wanted.Any(w => Comparison.AreSame(set,
                w, r.Text)));
    }

    private static bool IsMeant(string label, IReadOnlyList<string> only) =>
        only.Count == 0 || only.Any(o => o.Replace("./", "/", StringComparison.Ordinal).Equals(label, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<ApplyRow> NotThere(IReadOnlyList<string> only, IReadOnlyList<PlanLine> lines) => only
        .Where(o => !lines.Any(l => IsMeant(l.Label, [o]) && l.IsChange)).Select(o => new ApplyRow(o.Split('/')[0], o.Split('/')[^1],
            "left",
            lines.FirstOrDefault(l => IsMeant(l.Label, [o])) is { } line ? line.Reason
                : "the plan has no such record; `aviso dns plan` lists them as NAME/TYPE"));

    // A key is longer than a line.
    private static string Said(IReadOnlyList<string> values) =>
        string.Join(" | ", values.Select(v => v.Length > 100 ? v[..100] + "..." : v));

    private static ApplyRow Row(PlanLine line, string state, string text) => new(line.Name, DnsTypes.NameOf(line.Type), state, text);

    private static ApplyRow Row(OwnedSet set, string state, string text) => new(set.Name, DnsTypes.NameOf(set.Type), state, text);

    private async Task<IReadOnlyList<ApplyRow>> OneAtATimeAsync(Func<Task<IReadOnlyList<ApplyRow>>> work, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            return await work();
        }
        finally
        {
            _one.Release();
        }
    }
}

/// <summary>A change that every server of its zone ought to show.</summary>
/// <param name="Row">What is said when they do.</param>
/// <param name="IsShown">Do these values, at that name and type, show it.</param>
internal sealed record Shown(ApplyRow Row, DnsHostEntry Entry, string Name, DnsType Type, Func<IReadOnlyList<string>, bool> IsShown);
