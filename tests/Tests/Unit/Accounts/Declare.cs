using Aviso.Accounts;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Tests.Unit.Accounts;

/// <summary>Writes declarations as tests want them: short.</summary>
internal static class Declare
{
    public static DeclaredDomain Domain(string name, string? catchAll = null, string? aliasOf = null, int line = 1) =>
        new(name, catchAll, aliasOf, new("aviso.yaml", line));

    public static DeclaredAccount Account(
        string address, string? password = null, int line = 10, long quota = 0, string[]? sendAs = null, string[]? forwardTo = null) =>
        new(address, password is null
            ? null : PasswordText.Declared(password), quota, sendAs ?? [], forwardTo ?? [], new("aviso.yaml", line));

    public static DeclaredAlias Alias(string address, params string[] to) => new(address, to, new("aviso.yaml", 20));

    public static AccountsDeclaration All(params object[] facts) => new("alice@example.org",
        [Domain("example.org"), .. facts.OfType<DeclaredDomain>()],
        [Account("alice@example.org"), Account("bob@example.org", line: 11), .. facts.OfType<DeclaredAccount>()],
            [.. facts.OfType<DeclaredAlias>()]);

    /// <summary>One domain, no accounts but those given.</summary>
    public static AccountsDeclaration Only(params DeclaredAccount[] accounts) => new(null, [Domain("example.org")], accounts, []);

    public static AccountBook Book(FakeAccountRows? rows = null, TestClock? clock = null) =>
        new(rows ?? new(), clock ?? new TestClock(), NullLogger.Instance);

    public static async Task<AccountBook> BookAsync(AccountsDeclaration declaration, FakeAccountRows? rows = null)
    {
        var book = Book(rows);
        var applied = await book.ApplyAsync(declaration, default);
        Xunit.Assert.Empty(applied.Contradictions);
        return book;
    }
}
