using Aviso.Accounts;
using Aviso.Base;

namespace Aviso.Moving;

/// <summary>An account that moves.</summary>
/// <param name="Hash">Its password's hash as the old server has it, or null.</param>
/// <param name="QuotaOctets">0: none.</param>
/// <param name="Mail">Opens its mail; null: it has none.</param>
/// <param name="From">File and line that names it.</param>
public sealed record MoveAccount(
    string Address, string? Hash, long QuotaOctets, IReadOnlyList<string> SendAs, Func<MailSource>? Mail, string From)
{
    /// <summary>It may not log in there.</summary>
    public bool Suspended { get; init; }

    /// <summary>The hash can be verified here.</summary>
    public bool HasUsableHash => Hash is { } hash && PasswordText.CryptString(hash) is not null;
}

/// <param name="Address">An address, a pattern with one `*`, or "@domain" for what nobody has.</param>
public sealed record MoveAlias(string Address, IReadOnlyList<string> To, string From);

/// <param name="Pem">The private key.</param>
public sealed record MoveKey(string Domain, string Selector, string Pem, string From);

/// <summary>All that comes from one place.</summary>
public sealed record MoveSet
{
    /// <summary>Such as "maildir /var/mail/alice".</summary>
    public required string Title { get; init; }

    public IReadOnlyList<MoveAccount> Accounts { get; init; } = [];

    public IReadOnlyList<MoveAlias> Aliases { get; init; } = [];

    public IReadOnlyList<MoveKey> Keys { get; init; } = [];

    public IReadOnlyList<MoveNote> Notes { get; init; } = [];

    /// <summary>The source describes a server, with accounts and aliases; not one account's mail alone.</summary>
    public bool IsServer { get; init; }

    /// <summary>Domains of accounts and aliases.</summary>
    public IReadOnlyList<string> Domains => [.. Accounts.Select(account => account.Address).Concat(Aliases.Select(alias => alias.Address))
        .Select(address => MailAddress.DomainOf(address).ToLowerInvariant()).Where(domain => domain.Length > 0)
        .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
