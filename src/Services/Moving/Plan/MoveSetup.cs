using Aviso.Accounts;

namespace Aviso.Moving;

/// <summary>Domains, accounts and aliases that a source names and that are not here yet, made in the store as verbs make them.</summary>
internal sealed class MoveSetup(AccountBook book, AccountService accounts, IMoveHost host)
{
    /// <summary>What was made and what could not be.</summary>
    public async Task<IReadOnlyList<MoveNote>> MakeAsync(MoveSet set, CancellationToken cancel)
    {
        var notes = new List<MoveNote>();
        foreach (var domain in set.Domains.Where(domain => !book.Table.IsLocalDomain(domain)))
            Told(notes, domain, await accounts.AddDomainAsync(domain, null, null, cancel));
        if (notes.Count > 0) await host.TakeDomainsAsync(cancel);
        foreach (var account in set.Accounts) await AccountAsync(account, notes, cancel);
        foreach (var alias in set.Aliases) await AliasAsync(alias, notes, cancel);
        foreach (var key in set.Keys)
            notes.Add(await host.TakeKeyAsync(key, cancel) is { } no ? new(NoteKind.Lost, key.From, no)
                : new(NoteKind.Carried, key.From, $"{key.Domain} signs with {key.Selector} once the DNS is seen to hold it"));
        return notes;
    }

    private async Task AccountAsync(MoveAccount account, List<MoveNote> notes, CancellationToken cancel)
    {
        if (book.Table.FindAccount(account.Address) is not null)
        {
            // A run that was killed here had made the account and not set its hash yet.
            if (account.HasUsableHash && await accounts.HasNoPasswordAsync(account.Address, cancel))
                Told(notes, account.From, await accounts.SetHashAsync(account.Address, account.Hash!, cancel));
            return;
        }
        var change = new AccountChange(null, account.QuotaOctets, account.Suspended, account.SendAs);
        var added = await accounts.AddAccountAsync(account.Address, change, cancel);
        if (!added.Ok || !account.HasUsableHash)
        {
            Told(notes, account.From, added);
            return;
        }
        Told(notes, account.From, await accounts.SetHashAsync(account.Address, account.Hash!, cancel));
    }

    private async Task AliasAsync(MoveAlias alias, List<MoveNote> notes, CancellationToken cancel)
    {
        var there = accounts.ListAliases().FirstOrDefault(known => known.Address.Equals(alias.Address, StringComparison.OrdinalIgnoreCase));
        if (there is null) Told(notes, alias.From, await accounts.AddAliasAsync(alias.Address, alias.To, cancel));
        else if (!there.To.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(alias.To))
            notes.Add(new(NoteKind.Changed, alias.From,
                $"{alias.Address} goes to {string.Join(", ", there.To)} here ({there.Owner}), which stays"));
    }

    private static void Told(List<MoveNote> notes, string place, VerbAnswer answer) =>
        notes.Add(new(answer.Ok ? NoteKind.Carried : NoteKind.Damaged, place, answer.Text));
}
