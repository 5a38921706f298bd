using System.Security.Cryptography;
using Aviso.Accounts;
using Aviso.Sieve;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>What belongs to an account beside its mail: special uses, subscriptions, scripts. What somebody changed here since
/// stays.</summary>
internal sealed class MoveHabits(MoveTarget target, AccountId account, MailSource source, MoveResult result)
{
    /// <param name="known">As it was noted before the first message came.</param>
    public async Task BringAsync(string label, MovedSource known, long now, CancellationToken cancel)
    {
        var before = known.HasEnded ? known : null;
        if (before is null) await UsesAsync(cancel);
        await SubscriptionsAsync(before, cancel);
        var scripts = await ScriptsAsync(before, cancel);
        var ended = known with { Subscriptions = source.Subscriptions, Scripts = scripts, HasEnded = true };
        await ended.SaveAsync(target.Store, account, label, now, cancel);
    }

    private async Task UsesAsync(CancellationToken cancel)
    {
        var wanted = SpecialUses.Of([.. source.Mailboxes.Select(mailbox => mailbox.Name)], source.Uses);
        foreach (var (use, name) in wanted)
        {
            var all = await target.Store.ListMailboxesAsync(account, cancel);
            if (all.FirstOrDefault(box => box.Name == name) is not { SpecialUse: SpecialUse.None } named) continue;
            if (all.FirstOrDefault(box => box.SpecialUse == use) is { } holder)
            {
                // Somebody uses it here already.
                if (holder.UidNext > 1) continue;
                await target.Store.SetSpecialUseAsync(account, holder.Id, SpecialUse.None, cancel);
                // The empty one that a new account has gives way, unless the source has it too.
                if (source.Mailboxes.All(mailbox => mailbox.Name != holder.Name)
                    && await target.Store.DeleteMailboxAsync(account, holder.Id, cancel) == StoreError.None)
                    await target.Store.SetSubscribedAsync(account, holder.Name, subscribed: false, cancel);
            }
            await target.Store.SetSpecialUseAsync(account, named.Id, use, cancel);
        }
    }

    private async Task SubscriptionsAsync(MovedSource? before, CancellationToken cancel)
    {
        if (source.Subscriptions is not { } now) return;
        var was = before?.Subscriptions;
        foreach (var name in now.Except(was ?? [], StringComparer.Ordinal)) await target.Store.SetSubscribedAsync(account, name,
            subscribed: true, cancel);
        // At the first run the mailboxes of a new account, which nobody has subscribed to.
        var ended = was?.Except(now, StringComparer.Ordinal)
            ?? (await target.Store.ListSubscriptionsAsync(account, cancel)).Except(now, StringComparer.Ordinal)
                .Where(name => source.Mailboxes.Any(mailbox => mailbox.Name == name));
        foreach (var name in ended.ToList()) await target.Store.SetSubscribedAsync(account, name, subscribed: false, cancel);
    }

    private async Task<Dictionary<string, string>> ScriptsAsync(MovedSource? before, CancellationToken cancel)
    {
        var (scripts, active) = (source.Scripts.ByName, source.Scripts.Active);
        var digests = new Dictionary<string, string>(before?.Scripts ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        var mayActivate = false;
        foreach (var (name, text) in scripts)
        {
            var digest = Convert.ToHexStringLower(SHA256.HashData(text));
            if (digests.GetValueOrDefault(name) == digest) continue;
            if (SieveScripts.Canonical(name) is not { } canonical)
            {
                Say(NoteKind.Lost, name, "is no name for a script");
                continue;
            }
            if (await target.Scripts.GetAsync(account, canonical, cancel) is { } here && !here.AsSpan().SequenceEqual(text)
                && digests.GetValueOrDefault(name) != Convert.ToHexStringLower(SHA256.HashData(here)))
            {
                Say(NoteKind.Changed, name, "there is another script of this name here, which stays");
                continue;
            }
            if (await PutAsync(canonical, text, cancel)) digests[name] = digest;
            mayActivate |= name == active;
        }
        if (mayActivate && active is not null && await target.Scripts.ActiveAsync(account, cancel) is null)
            await target.Scripts.SetActiveAsync(account, SieveScripts.Canonical(active), cancel);
        return digests;
    }

    private async Task<bool> PutAsync(string name, byte[] text, CancellationToken cancel)
    {
        if (SieveFolder.Text(text) is not { } script || SieveCompiler.Compile(script, new() { Name = name }) is { Script: null })
        {
            Say(NoteKind.Lost, name, $"the script does not compile here and was not taken: {ProblemOf(name, text)}");
            return false;
        }
        var refused = await target.Scripts.PutAsync(account, name, text, cancel);
        if (refused == SieveScriptRefusal.None) return true;
        Say(NoteKind.Lost, name, $"the script was not taken: {refused}");
        return false;
    }

    /// <summary>Why a script cannot run here; null: it can.</summary>
    public static string? ProblemOf(string name, byte[] text)
    {
        if (SieveFolder.Text(text) is not { } script) return "it is not UTF-8";
        return SieveCompiler.Compile(script, new() { Name = name }) is { Script: null } bad && bad.Errors is [var first, ..]
            ? $"line {first.Line}: {first.Text}" : null;
    }

    private void Say(NoteKind kind, string script, string text) => result.Notes.Add(new(kind, $"{source.Place}: script {script}", text));
}
