using System.Text;
using Aviso.Accounts;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>
/// Lists from elsewhere: reading them never throws, what is wrong names a line, and whatever table comes of them answers every
/// address within its limits.
/// </summary>
public static class AccountListsFuzz
{
    private static readonly string[] Lists =
    [
        "# virtual\na@d.example b@d.example, c@x.example\n  d@d.example\n@d.example a@d.example\n@e.example @d.example\n",
        "a@d.example a@d.example\nb@d.example c@d.example\nc@d.example b@d.example x@y.example\n\"q p\"@d.example a@d.example\n",
        "sales-*@d.example a@d.example\n*@e.example sales-x@d.example\nd.example anything\nbücher@d.example a@d.example\n",
    ];

    [Fact]
    public static void Virtual_lists_never_throw_and_tables_of_them_answer()
    {
        foreach (var seed in Lists)
        {
            foreach (var octets in Mutator.Mutate(Encoding.UTF8.GetBytes(seed), 400, 7).Append(Encoding.UTF8.GetBytes(seed)))
            {
                var list = VirtualList.Parse(Encoding.UTF8.GetString(octets), "virtual");
                if (list.Items is null) Assert.Matches("^virtual:[0-9]+: ", list.Problem);
                else Table(list.Items);
            }
        }
    }

    [Fact]
    public static void Account_lists_never_throw_and_name_a_line()
    {
        var seed = "{\n \"a@d.example\": \"secret\",\n \"b@d.example\": \"{BLF-CRYPT}$2y$05$abc\", \"c@d.example\": \"\\u0061\"\n}"u8.ToArray();
        foreach (var octets in Mutator.Mutate(seed, 1000, 11).Append(seed))
        {
            var list = AccountList.ParseJson(Encoding.UTF8.GetString(octets), "list");
            if (list.Items is null) Assert.Matches("^list:[0-9]+: ", list.Problem);
        }
    }

    private static void Table(IReadOnlyList<DeclaredAlias> aliases)
    {
        var build = AddressTableBuilder.Build([new("d.example", null, null, new("f")), new("e.example", null, null, new("f"))],
            [new(new AccountId(1), "a@d.example", false, 0, [], new("f"))], aliases, "a@d.example", new("f"));
        Assert.Equal(build.Table is null, build.Contradictions.Count > 0);
        if (build.Table is not { } table) return;
        foreach (var alias in aliases)
        {
            var at = alias.Address.LastIndexOf('@');
            var way = table.Resolve(alias.Address[..at], alias.Address[(at + 1)..]);
            Assert.True(way.Local.Count + way.External.Count <= AddressTable.MaxTargets);
            Assert.Equal(way.Local.Count, way.Local.DistinctBy(l => l.Account).Count());
        }
        Assert.Equal(ResolutionKind.Found, table.Resolve("postmaster", "").Kind);
    }
}
