namespace Aviso.Accounts;

/// <summary>Where a fact stands, so that a contradiction can name both places.</summary>
/// <param name="Name">The settings file, the list ("aliases_from: file:/etc/aviso/virtual") or the verb that made it.</param>
/// <param name="Line">1 or more; 0 when there are no lines.</param>
/// <param name="Column">1 or more; 0 when it is not known.</param>
public sealed record Source(string Name, int Line = 0, int Column = 0)
{
    /// <summary>Made by a verb and kept in the store; verbs may change it.</summary>
    public bool IsStored { get; init; }

    public override string ToString() => Line <= 0 ? Name : Column <= 0 ? $"{Name}:{Line}" : $"{Name}:{Line}:{Column}";
}

/// <param name="CatchAll">Address that gets what nobody has, or null.</param>
/// <param name="AliasOf">Domain that this one is another name of, or null.</param>
public sealed record DeclaredDomain(string Name, string? CatchAll, string? AliasOf, Source Source);

/// <param name="Secret">Password or hash; null keeps the credential that the store has.</param>
/// <param name="QuotaOctets">0: none.</param>
/// <param name="SendAs">Addresses and patterns such as <c>*@example.org</c>.</param>
/// <param name="ForwardTo">Addresses that get a copy; the account keeps its own.</param>
public sealed record DeclaredAccount(
    string Address, DeclaredSecret? Secret, long QuotaOctets, IReadOnlyList<string> SendAs, IReadOnlyList<string> ForwardTo,
    Source Source);

/// <summary>A password in clear, or a hash of an older system, as it was declared. Never logged.</summary>
public sealed record DeclaredSecret(string Text, bool IsHash)
{
    public override string ToString() => IsHash ? "(hash)" : "(password)";
}

/// <param name="Address">An address, a pattern such as <c>sales-*@example.org</c>, or <c>@example.org</c> for the catch-all.</param>
public sealed record DeclaredAlias(string Address, IReadOnlyList<string> To, Source Source);

/// <summary>What the settings file and the lists it names say, read but not yet compared.</summary>
/// <param name="Postmaster">Who reads postmaster@ every domain; null for the first account.</param>
public sealed record AccountsDeclaration(
    string? Postmaster, IReadOnlyList<DeclaredDomain> Domains, IReadOnlyList<DeclaredAccount> Accounts,
    IReadOnlyList<DeclaredAlias> Aliases)
{
    public static readonly AccountsDeclaration Empty = new(null, [], [], []);

    /// <summary>accounts_from, as read now; null when the file names none.</summary>
    public ListReading<DeclaredAccount>? AccountsFrom { get; init; }

    /// <summary>aliases_from, as read now; null when the file names none.</summary>
    public ListReading<DeclaredAlias>? AliasesFrom { get; init; }

    /// <summary>The server's name, at which postmaster and MAILER-DAEMON are read; empty when it has none.</summary>
    public string HostName { get; init; } = "";

    /// <summary>Where `postmaster` stands.</summary>
    public Source PostmasterSource { get; init; } = new("postmaster");
}

/// <summary>One reading of a list.</summary>
/// <param name="Name">How the settings call it.</param>
/// <param name="Items">Null when it could not be read.</param>
/// <param name="Problem">Why not, with line numbers; null when it could.</param>
public sealed record ListReading<T>(string Name, IReadOnlyList<T>? Items, string? Problem);

/// <summary>Two facts that cannot both hold, or one that cannot hold at all.</summary>
/// <param name="Text">A sentence with the places in it.</param>
public sealed record Contradiction(string Text, Source First, Source? Second = null)
{
    public override string ToString() => Text;
}
