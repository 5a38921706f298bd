using System.Globalization;

namespace Aviso.Accounts;

/// <summary>What `app-password add` tells, once.</summary>
public sealed record NewAppPassword(string Account, string Id, string Name, string Password, string Scope, DateTimeOffset? Expires);

/// <summary>Verbs about app passwords. They belong to the store whoever owns the account.</summary>
public sealed class AppPasswordService(AccountBook book, Authenticator authenticator, AppPasswords passwords)
{
    /// <param name="address">Null: of all accounts.</param>
    /// <returns>Null when there is no such account.</returns>
    public IReadOnlyList<AppPasswordInfo>? List(string? address)
    {
        if (address is not null && Find(address) is null) return null;
        return [.. book.Now.Facts.Accounts.Where(a => address is null || a.Row.Id == Find(address)!.Row.Id)
            .OrderBy(a => a.Row.Address, StringComparer.Ordinal)
            .SelectMany(a => passwords.Of(a.Row.Id).OrderBy(p => p.CreatedAt)
                .Select(p => passwords.Describe(a.Row.Address, p, book.CredentialOf(a.Row.Id) is { HasScram: true } own ? own.Record : null)))];
    }

    /// <summary>Makes one.</summary>
    /// <param name="expires">"90d", "12h" or a date such as 2027-01-31; null: never.</param>
    public async Task<(NewAppPassword? Made, string Problem)> AddAsync(
        string address, string name, AppPasswordScope scope, string? expires, CancellationToken cancel)
    {
        if (Find(address) is not { } account) return (null, $"there is no account {address}");
        if (account.Suspended) return (null, $"{account.Row.Address} is suspended");
        if (name.Length is 0 or > 100 || name.Any(char.IsControl)) return (null, "say by --name what it is for, such as phone or scanner");
        if (passwords.Of(account.Row.Id).Any(p => p.Name == name && p.RevokedAt == 0)) return (
            null, $"{account.Row.Address} has an app password {name} already");
        if (scope.Problem() is { } problem) return (null, problem);
        if (!TryEnd(expires, book.Clock.GetUtcNow(), out var end)) return (
            null, $"`{expires}` is no time to come, such as 90d or 2027-01-31");
        var secret = AppPassword.NewSecret();
        var record = await authenticator.DeriveAppAsync(account.Row.Id, account.Row.Address, secret, cancel);
        if (await passwords.AddAsync(account.Row.Id, name, scope.Settled(), end, secret, record, cancel) is not { } made)
            return (null, $"{account.Row.Address} has {AppPasswords.Most} app passwords; revoke one first");
        var shown = passwords.Describe(account.Row.Address, made, null);
        return (new(account.Row.Address, made.Id, name, secret, shown.Scope, shown.Expires), "");
    }

    /// <summary>Revokes by id or name, and ends the account's sessions: those let in by another password come again at once.</summary>
    public async Task<VerbAnswer> RevokeAsync(string address, string idOrName, CancellationToken cancel)
    {
        if (Find(address) is not { } account) return new(false, $"there is no account {address}");
        var found = passwords.Of(account.Row.Id).Where(p => p.RevokedAt == 0 && (p.Id == idOrName || p.Name == idOrName)).ToList();
        if (found.Count == 0 || !await passwords.RevokeAsync(account.Row.Id, found[0].Id, cancel))
            return new(false, $"{account.Row.Address} has no app password {idOrName}; see `aviso app-password list {account.Row.Address}`");
        book.EndSessions(account.Row.Id);
        return new(true, $"revoked {found[0].Name} ({found[0].Id}) of {account.Row.Address}; its sessions end");
    }

    private KnownAccount? Find(string address) => AddressKey.TryParse(address, out var key)
        ? book.Now.Facts.Accounts.FirstOrDefault(a => a.Row.Address == key.ToString()) : null;

    private static bool TryEnd(string? text, DateTimeOffset now, out long end)
    {
        end = 0;
        if (text is null) return true;
        if (text.Length is > 1 and < 8
            && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
        {
            var unit = text[^1] switch { 'm' => TimeSpan.FromMinutes(1), 'h' => TimeSpan.FromHours(1), 'd' => TimeSpan.FromDays(1), 'w' => TimeSpan.FromDays(7), _ => TimeSpan.Zero };
            if (unit == TimeSpan.Zero || count * unit > TimeSpan.FromDays(36_500)) return false;
            end = (now + count * unit).ToUnixTimeSeconds();
            return true;
        }
        if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) return false;
        end = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
        return end > now.ToUnixTimeSeconds();
    }
}
