namespace Aviso.Accounts;

/// <summary>Verbs about second factors and passkeys. They belong to the store whoever owns the account.</summary>
public sealed class SecondFactorService(AccountBook book, SecondFactors factors, Passkeys passkeys, string issuer)
{
    public TotpStatus? Status(string address) => Find(address) is { } account ? factors.StatusOf(account.Row.Id, account.Row.Address) : null;

    /// <summary>Makes a secret to be confirmed.</summary>
    public async Task<(NewTotp? Made, string Problem)> BeginAsync(string address, CancellationToken cancel)
    {
        if (Find(address) is not { } account) return (null, $"there is no account {address}");
        return await factors.BeginAsync(account.Row.Id, account.Row.Address, issuer, cancel) is { } made ? (made, "")
            : (null, $"{account.Row.Address} has a second factor already; disable it first");
    }

    /// <summary>Confirms it; from here on mail programs need app passwords, and open sessions end.</summary>
    public async Task<VerbAnswer> ConfirmAsync(string address, string code, CancellationToken cancel)
    {
        if (Find(address) is not { } account) return new(false, $"there is no account {address}");
        switch (await factors.ConfirmAsync(account.Row.Id, code, cancel))
        {
            case CodeVerdict.Right:
                book.EndSessions(account.Row.Id);
                return new(true,
                    $"{account.Row.Address} now logs in in two steps; mail programs need app passwords: aviso app-password add {account.Row.Address} --name NAME");
            case CodeVerdict.TooMany:
                return new(false, "too many wrong codes; try again in some minutes");
            default:
                return new(false, factors.StatusOf(account.Row.Id, "").State == "waiting"
                    ? "that is not the code of now; is the clock of the phone right?"
                    : $"nothing waits to be confirmed; first: aviso account totp {account.Row.Address} enable");
        }
    }

    public async Task<VerbAnswer> DisableAsync(string address, CancellationToken cancel)
    {
        if (Find(address) is not { } account) return new(false, $"there is no account {address}");
        return await factors.RemoveAsync(account.Row.Id, cancel) ? new(true, $"{account.Row.Address} logs in with its password alone")
            : new(false, $"{account.Row.Address} has no second factor");
    }

    /// <summary>Null when there is no such account.</summary>
    public async Task<IReadOnlyList<PasskeyInfo>?> PasskeysAsync(string address, CancellationToken cancel) =>
        Find(address) is { } account ? await passkeys.ListAsync(account.Row.Id, account.Row.Address, cancel) : null;

    public async Task<VerbAnswer> RemovePasskeyAsync(string address, string idOrName, CancellationToken cancel)
    {
        if (Find(address) is not { } account) return new(false, $"there is no account {address}");
        return await passkeys.RemoveAsync(account.Row.Id, idOrName, cancel)
            ? new(true, $"removed passkey {idOrName} of {account.Row.Address}")
            : new(false, $"{account.Row.Address} has no passkey {idOrName}");
    }

    private KnownAccount? Find(string address) => AddressKey.TryParse(address, out var key)
        ? book.Now.Facts.Accounts.FirstOrDefault(a => a.Row.Address == key.ToString()) : null;
}
