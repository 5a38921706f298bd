using Aviso.Accounts;
using Aviso.Base;
using Aviso.Sieve;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Runs the administrator's scripts and the account's active one over a message, lets the account's vacation response speak after them, and
/// says what is to become of the message. Whatever goes wrong
/// (a script that does not compile, a run-time error, time that is up, a mailbox that is not there, our own fault) ends with the message
/// in the inbox and a note to the owner, at most once a day for each script. Nothing is sent or remembered before
/// <see cref="CommitAsync"/>: a message that could not be stored leaves no trace.
/// </summary>
public sealed class SieveStep(SieveStepOptions options, SieveScripts scripts, IMailStore store, TimeProvider clock, ILogger log)
{
    private readonly SieveCompiled _compiled = new(options, log);
    private readonly IdSource _ids = new(clock);

    /// <summary>The account has this address in its contacts or has written to it: it is in ":addrbook:default" (RFC 6134 §2.7).</summary>
    public Func<AccountId, string, CancellationToken, ValueTask<bool>> Knows { get; init; } = static (_, _, _) => default;

    /// <summary>The account may use this address as From; nobody may when it is not said.</summary>
    public Func<AccountId, string, bool> MaySendAs { get; init; } = (_, _) => false;

    /// <summary>What accounts answer while their owners are away; null: nothing.</summary>
    public VacationReplies? Replies { get; init; }

    /// <summary>True when a script would run for this account.</summary>
    public async ValueTask<bool> AppliesAsync(AccountId account, CancellationToken cancel) =>
        options.Before.Count > 0 || options.After.Count > 0 || await scripts.ActiveAsync(account, cancel) is not null
        || await ReplyAsync(account, cancel) is not null;

    /// <summary>For a message that may come for several accounts: see <see cref="SieveInput.Budget"/>.</summary>
    public SieveBudget Begin() => new(options.Limits, options.MessageBudget, clock);

    /// <summary>The plan for one message and one account. Never throws but for <paramref name="cancel"/>.</summary>
    public async ValueTask<SievePlan> RunAsync(SieveInput input, CancellationToken cancel)
    {
        try
        {
            var active = await scripts.ActiveAsync(input.Account, cancel);
            var before = _compiled.OfFiles(options.Before);
            var after = _compiled.OfFiles(options.After);
            var reply = await ReplyAsync(input.Account, cancel);
            if (active is null && before.Count == 0 && after.Count == 0 && reply is null) return SievePlan.Keep();
            var (outcome, plan) = await RunAsync(input, before, active, after, cancel);
            return reply is null || !MayReply(outcome, plan) ? plan : await WithReplyAsync(input, reply, plan, cancel);
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
        return SievePlanning.Note(new(options.HostName, _ids, clock), owner.Account, owner.Address.Wire, sender, error, clock);
    }

    private ValueTask<VacationReply?> ReplyAsync(AccountId account, CancellationToken cancel) =>
        Replies?.InEffectAsync(account, cancel) ?? new((VacationReply?)null);

    // One answer to a message: the script's own, if it has one. Nobody is answered whose message the account does not want.
    private static bool MayReply(SieveOutcome outcome, SievePlan plan) =>
        plan is { Reject: null, Discarded: false } && !outcome.Actions.Any(a => a is SieveAction.Vacation);

    private async Task<SievePlan> WithReplyAsync(SieveInput input, VacationReply reply, SievePlan plan, CancellationToken cancel)
    {
        try
        {
            // The message has been counted.
            var (_, replied) = await PlanAsync(input with { IsTrial = true }, [VacationScript.Of(reply)], null, cancel);
            if (replied.Letters.Any(l => l.Kind == "vacation"))
                SieveMeters.Actions.Add(1, new KeyValuePair<string, object?>("action", "vacation"));
            return plan with { Letters = [.. plan.Letters, .. replied.Letters], Error = plan.Error ?? replied.Error };
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            // What the scripts said stands; it costs an answer.
            SieveMeters.Failures.Add(1, new KeyValuePair<string, object?>("reason", "fault"));
            log.SieveFault(e, input.Account.ToString());
            return plan;
        }
    }

    private async Task<SieveTrial> RunAsync(
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
        return await PlanAsync(input, inOrder, wrong, cancel);
    }

    private async Task<SieveTrial> PlanAsync(SieveInput input, IReadOnlyList<SieveScript> inOrder, string? wrong, CancellationToken cancel)
    {
        var begun = clock.GetTimestamp();
        var host = new SieveHost(input, options, _compiled, scripts, store) { Knows = Knows };
        var all = input.Budget ?? Begin();
        if (all.IsSpent)
        {
            wrong ??= Others(inOrder);
            inOrder = [];
        }
        using var budget = new CancellationTokenSource(all.Time < options.Budget ? Positive(all.Time) : options.Budget, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancel);
        // Waited for to its end, not given up on: it reads the body. Its steps are counted, so the end comes.
        var outcome = await SieveRunner.RunAsync(inOrder, Message(input), host, all.Of(options.Limits), both.Token);
        cancel.ThrowIfCancellationRequested();
        all.Take(outcome.Spent);
        var planning = new SievePlanning(input, options, host, store, _ids, clock, log, MaySendAs);
        var plan = await planning.MakeAsync(outcome, wrong, cancel);
        if (!input.IsTrial) Count(plan, outcome, clock.GetElapsedTime(begun));
        if (plan.Error is { } error && !input.IsTrial) log.SieveFailed(input.Account.ToString(), error);
        return new(outcome, plan);
    }

    // RFC 5228 §2.10.6: a run-time error, whose message is kept; whose fault it is its owner should know.
    private static string Others(IReadOnlyList<SieveScript> inOrder) =>
        (inOrder is [var first, ..] ? first.Name : "")
        + ": not run: the scripts of this message's other recipients took all that one message may";

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private SieveMessage Message(SieveInput input) => new(input.Body, input.Root, input.Sender, input.Recipient)
    {
        OriginalTo = input.OriginalRecipient,
        Authenticated = input.Authenticated,
        OwnAddresses = input.OwnAddresses.Contains(input.Address, AddressComparer.Instance)
            ? input.OwnAddresses : [input.Address, .. input.OwnAddresses],
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
