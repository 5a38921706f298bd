using System.Net;
using Aviso.Dns;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>Which lists are asked, and what of ours they never hear.</summary>
public sealed record DnsListOptions
{
    public IReadOnlyList<DnsList> Lists { get; init; } = DnsList.Ours;

    /// <summary>Our networks and relays.</summary>
    public Func<IPAddress, bool> IsOwnAddress { get; init; } = _ => false;

    /// <summary>Domains whose mail is received here.</summary>
    public Func<string, bool> IsOwnDomain { get; init; } = _ => false;

    /// <summary>For all lists together.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);
}

/// <summary>How a list does.</summary>
/// <param name="State">untested, believed, refused (it does not want our questions), silent (no answer) or broken (fails its
/// self-test).</param>
/// <param name="Until">When it is tested again; null before the first test.</param>
public sealed record DnsListState(DnsList List, string State, DateTimeOffset? Until);

/// <summary>
/// Asks DNS lists (RFC 5782) about the client, links and senders, all at once. What they answered in time counts; a list that could not be
/// asked is named among what was skipped. A list is believed only after its self-test.
/// </summary>
public sealed class DnsListCheck(IResolver resolver, TimeProvider clock, ILogger log) : ISpamCheck
{
    /// <summary>Questions for one message; what would come after that is left out.</summary>
    public const int MostQuestions = 150;

    private volatile Taken _taken = new(new() { Lists = [] }, []);

    public string Name => "lists";

    public SpamPhase Phase => SpamPhase.Network;

    // The check ends by itself before.
    public TimeSpan Budget => _taken.Options.Patience + TimeSpan.FromSeconds(1);

    /// <summary>Lists that stay as they are keep what is known of them.</summary>
    public DnsListOptions Options
    {
        get => _taken.Options;
        set
        {
            var before = _taken;
            _taken = new(value, [.. value.Lists.Select(l =>
                new Asked(l, before.Lists.FirstOrDefault(b => Same(b.List, l)).Health ?? new(l, resolver, clock, log)))]);
        }
    }

    /// <summary>How each list does.</summary>
    /// <param name="test">Test all of them first.</param>
    public async Task<IReadOnlyList<DnsListState>> StatesAsync(bool test, CancellationToken cancel)
    {
        var lists = _taken.Lists;
        if (test) await Task.WhenAll(lists.Select(l => l.Health.RetestAsync(cancel)));
        return [.. lists.Select(l => new DnsListState(l.List, l.Health.State.State, l.Health.State.Until))];
    }

    public async ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var taken = _taken;
        if (taken.Lists.Length == 0 || context.Input.IsSubmission) return;
        var subjects = SubjectFinder.Of(context, taken.Wanted, taken.Options);
        if (subjects.Count == 0) return;
        using var patience = new CancellationTokenSource(taken.Options.Patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        var left = MostQuestions;
        var asking = new List<Task>(taken.Lists.Length);
        foreach (var (list, health) in taken.Lists)
        {
            var mine = subjects.FindAll(s => list.Ask.HasFlag(s.Kind));
            if (mine.Count > left)
            {
                context.Skip(list.Zone, "limit");
                context.LimitHit($"lists would be asked more than {MostQuestions} questions about it", 0.3);
                mine = mine[..left];
            }
            left -= mine.Count;
            if (mine.Count > 0) asking.Add(AskAsync(list, health, mine, context, both.Token));
        }
        await Task.WhenAll(asking);
        cancel.ThrowIfCancellationRequested();
    }

    private async Task AskAsync(
        DnsList list, DnsListHealth health, List<ListSubject> subjects, SpamContext context, CancellationToken cancel)
    {
        try
        {
            if (await health.TroubleAsync(cancel) is { } trouble)
            {
                context.Skip(list.Zone, trouble);
                return;
            }
            var answers = await Task.WhenAll(subjects.Select(s => OneAsync(list, health, s, context, cancel)));
            if (answers.Contains(ListResult.Refused)) context.Skip(list.Zone, "refused");
            else if (answers.Contains(ListResult.Failed)) context.Skip(list.Zone, "no answer");
        }
        catch (OperationCanceledException)
        {
            health.Note(ListResult.Failed, "");
            context.Skip(list.Zone, "timeout");
            SpamMeters.Skipped(Name, "timeout");
        }
        catch (Exception e)
        {
            context.Skip(list.Zone, "fault");
            log.CheckFailed(list.Zone, e);
            SpamMeters.Skipped(Name, "fault");
        }
    }

    private async Task<ListResult> OneAsync(
        DnsList list, DnsListHealth health, ListSubject subject, SpamContext context, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync($"{subject.Name}.{list.Zone}", DnsType.A, cancel).AsTask().WaitAsync(cancel);
        var result = DnsListHealth.ResultOf(answer, out var shown);
        health.Note(result, shown);
        if (result != ListResult.Listed) return result;
        foreach (var record in answer.Of<ARecord>())
        {
            foreach (var code in list.Codes)
            {
                if (code.Answer.Matches(record.Address)) context.Add(
                    code.Symbol, code.Score, $"{subject.Shown} is listed by {list.Zone} ({record.Address})");
            }
        }
        return result;
    }

    private static bool Same(DnsList? before, DnsList now) =>
        before is not null && before.Zone == now.Zone && before.Ask == now.Ask && before.Test == now.Test;

    private readonly record struct Asked(DnsList List, DnsListHealth Health);

    private sealed record Taken(DnsListOptions Options, Asked[] Lists)
    {
        public ListSubjects Wanted { get; } = Lists.Aggregate(ListSubjects.None, (all, l) => all | l.List.Ask);
    }
}
