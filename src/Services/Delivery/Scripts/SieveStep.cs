using Aviso.Accounts;
using Aviso.Base;
using Aviso.Sieve;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Runs the administrator's scripts and the account's active one over a message and says what is to become of it. Whatever goes wrong
/// (a script that does not compile, a run-time error, time that is up, a mailbox that is not there, our own fault) ends with the message
/// in the inbox and a note to the owner, at most once a day for each script. Nothing is sent or remembered before
/// <see cref="CommitAsync"/>: a message that could not be stored leaves no trace.
/// </summary>
public sealed class SieveStep(SieveStepOptions options, SieveScripts scripts, IMailStore store, TimeProvider clock, ILogger log)
{
    private readonly SieveCompiled _compiled = new(options, log);
    private readonly IdSource _ids = new(clock);

    /// <summary>The account has written to this address: it is in ":addrbook:default" (RFC 6134 §2.7).</summary>
    public Func<AccountId, string, bool> HasWrittenTo { get; init; } = (_, _) => false;

    /// <summary>The account may use this address as From; nobody may when it is not said.</summary>
    public Func<AccountId, string, bool> MaySendAs { get; init; } = (_, _) => false;

    /// <summary>True when a script would run for this account.</summary>
    public async ValueTask<bool> AppliesAsync(AccountId account, CancellationToken cancel) =>
        options.Before.Count > 0 || options.After.Count > 0 || await scripts.ActiveAsync(account, cancel) is not null;

    /// <summary>The plan for one message and one account. Never throws but for <paramref name="cancel"/>.</summary>
    public async ValueTask<SievePlan> RunAsync(SieveInput input, CancellationToken cancel)
    {
        try
        {
            var active = await scripts.ActiveAsync(input.Account, cancel);
            var before = _compiled.OfFiles(options.Before);
            var after = _compiled.OfFiles(options.After);
            if (active is null && before.Count == 0 && after.Count == 0) return SievePlan.Keep();
            return await RunAsync(input, before, active, after, cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            return Fault(input, e);
        }
    }

    /// <summary>What this one script alone would do; for trying it. The plan is not meant to be carried out.</summary>
    public Task<SieveTrial> TryAsync(SieveInput input, SieveScript script, CancellationToken cancel) =>
        PlanAsync(input with { IsTrial = true }, [script], null, cancel);

    /// <summary>Compiles as delivery does.</summary>
    public SieveCompilation Compile(string name, ReadOnlySpan<byte> octets) => _compiled.Of(name, octets);

    /// <summary>
    /// To be called when the message is stored: remembers what the scripts wanted remembered and answers which letters are to be sent
    /// now, the others having been sent before. Never throws but for <paramref name="cancel"/>.
    /// </summary>
    public async ValueTask<IReadOnlyList<SieveLetter>> CommitAsync(AccountId account, SievePlan plan, CancellationToken cancel)
    {
        if (plan.Letters.Count == 0 && plan.Duplicates.Count == 0) return [];
        var due = new List<SieveLetter>();
        try
        {
            var now = clock.GetUtcNow().ToUnixTimeSeconds();
            foreach (var seen in plan.Duplicates)
            {
                var until = now + Math.Max(1, (long)seen.For.TotalSeconds);
                await store.ChangeDocumentsAsync([new(new(account, SieveHost.SeenKind, seen.Key), [], now, until)], [], cancel);
            }
            foreach (var letter in plan.Letters)
            {
                if (letter.Once is null || await store.AddDocumentAsync(letter.Once, cancel)) due.Add(letter);
            }
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            // A mark that was not set costs an answer, never mail.
            log.SieveFault(e, account.ToString());
        }
        return due;
    }

    /// <summary>Tells the owner that what a script asked for came to nothing, at most once a day for each script.</summary>
    /// <param name="error">"name:line: text".</param>
    internal SieveLetter Note(LocalTarget owner, string sender, string error)
    {
        SieveMeters.Failures.Add(1, new KeyValuePair<string, object?>("reason", "redirect"));
        log.SieveFailed(owner.Account.ToString(), error);
        return SievePlanning.Note(new(options.HostName, _ids, clock), owner.Account, owner.Address, sender, error, clock);
    }

    private async Task<SievePlan> RunAsync(
        SieveInput input, List<SieveScript> before, ActiveScript? active, List<SieveScript> after, CancellationToken cancel)
    {
        var inOrder = before;
        string? wrong = null;
        if (active is not null)
        {
            var own = _compiled.Of(active.Name, active.Text.Span);
            if (own.Script is { } script) inOrder.Add(script);
            // It compiled when it was put; an extension has gone since.
            else wrong = $"{active.Name}:{own.Errors[0]}";
        }
        inOrder.AddRange(after);
        if (wrong is not null) SieveMeters.Failures.Add(1, new KeyValuePair<string, object?>("reason", "compile"));
        return (await PlanAsync(input, inOrder, wrong, cancel)).Plan;
    }

    private async Task<SieveTrial> PlanAsync(SieveInput input, IReadOnlyList<SieveScript> inOrder, string? wrong, CancellationToken cancel)
    {
        var begun = clock.GetTimestamp();
        var host = new SieveHost(input, options, _compiled, scripts, store) { HasWrittenTo = HasWrittenTo };
        using var budget = new CancellationTokenSource(options.Budget, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancel);
        // Waited for to its end, not given up on: it reads the body. Its steps are counted, so the end comes.
        var outcome = await SieveRunner.RunAsync(inOrder, Message(input), host, options.Limits, both.Token);
        cancel.ThrowIfCancellationRequested();
        var planning = new SievePlanning(input, options, host, store, _ids, clock, log, MaySendAs);
        var plan = await planning.MakeAsync(outcome, wrong, cancel);
        if (!input.IsTrial) Count(plan, outcome, clock.GetElapsedTime(begun));
        if (plan.Error is { } error && !input.IsTrial) log.SieveFailed(input.Account.ToString(), error);
        return new(outcome, plan);
    }

    private SieveMessage Message(SieveInput input) => new(input.Body, input.Root, input.Sender, input.Recipient)
    {
        OriginalTo = input.OriginalRecipient,
        Authenticated = input.Authenticated,
        OwnAddresses = input.OwnAddresses.Contains(input.Address, StringComparer.OrdinalIgnoreCase) ? input.OwnAddresses : [input.Address, .. input.OwnAddresses],
        DsnNotify = input.DsnNotify,
        DsnRet = input.DsnRet,
        DsnEnvelopeId = input.DsnEnvelopeId,
        DsnOriginalRecipient = input.DsnOriginalRecipient,
        Clock = clock,
    };

    private static void Count(SievePlan plan, SieveOutcome outcome, TimeSpan took)
    {
        SieveMeters.Seconds.Record(took.TotalSeconds);
        SieveMeters.Runs.Add(1, new KeyValuePair<string, object?>("result", plan.Error is null ? "ok" : "failed"));
        if (outcome.Error is not null) SieveMeters.Failures.Add(1, new KeyValuePair<string, object?>("reason", "run"));
        foreach (var action in outcome.Actions.Where(a => a is not (SieveAction.Vacation { Unsent: not null } or SieveAction.Notify { Unsent: not null }))) SieveMeters.Actions.Add(1, new KeyValuePair<string, object?>("action", action.GetType().Name.ToLowerInvariant()));
    }

    private SievePlan Fault(SieveInput input, Exception e)
    {
        SieveMeters.Failures.Add(1, new KeyValuePair<string, object?>("reason", "fault"));
        log.SieveFault(e, input.Account.ToString());
        return SievePlan.Keep("the server could not run the script");
    }
}
