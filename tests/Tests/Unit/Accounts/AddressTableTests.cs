using Aviso.Accounts;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

public sealed class AddressTableTests
{
    private static readonly AccountsDeclaration Everything = Declare.All(
        Declare.Account("carol@example.org", line: 12, forwardTo: ["carol@elsewhere.example"]), Declare.Account("spam@example.org", line: 13),
        Declare.Account("dots+fixed@example.org", line: 14),
        Declare.Domain("example.net", aliasOf: "example.org"), Declare.Domain("bücher.example", catchAll: "spam@example.org"),
        Declare.Alias("info@example.org", "alice@example.org", "Carol@Elsewhere.example"),
        Declare.Alias("both@example.org", "alice@example.org", "ALICE@example.org", "info@example.org", "carol@elsewhere.example"),
        Declare.Alias("only@example.net", "bob@example.org"),
        Declare.Alias("sales-*@example.org", "bob@example.org"), Declare.Alias("sales-eu-*@example.org", "alice@example.org"),
        Declare.Alias("tag@example.org", "bob+lists@example.org"), Declare.Alias("out@example.org", "x@elsewhere.example"),
        Declare.Domain("quiet.example"), Declare.Alias("dead@quiet.example", "nobody@quiet.example"),
        Declare.Alias("ring-a@example.org", "ring-b@example.org", "bob@example.org"), Declare.Alias("ring-b@example.org", "ring-a@example.org"),
        Declare.Alias("@example.org", "spam@example.org"));

    [Theory]
    [InlineData("alice@example.org", "alice@example.org")]
    [InlineData("ALICE@EXAMPLE.ORG", "alice@example.org")]
    [InlineData("alice@example.org.", "alice@example.org")]
    [InlineData("alice+x+y@example.org", "alice@example.org+x+y")]
    [InlineData("dots+fixed@example.org", "dots+fixed@example.org")]
    [InlineData("alice@example.net", "alice@example.org")]
    [InlineData("only@example.net", "bob@example.org")]
    [InlineData("only@example.org", "spam@example.org")]
    [InlineData("info@example.org", "alice@example.org Carol@elsewhere.example")]
    [InlineData("info+news@example.org", "alice@example.org+news Carol@elsewhere.example")]
    [InlineData("both@example.org", "alice@example.org Carol@elsewhere.example")]
    [InlineData("carol@example.org", "carol@example.org carol@elsewhere.example")]
    [InlineData("sales-us@example.org", "bob@example.org")]
    [InlineData("sales-eu-north@example.org", "alice@example.org")]
    [InlineData("sales@example.org", "spam@example.org")]
    [InlineData("tag@example.org", "bob@example.org+lists")]
    [InlineData("tag+own@example.org", "bob@example.org+lists")]
    [InlineData("out@example.org", "x@elsewhere.example")]
    [InlineData("ring-a@example.org", "bob@example.org")]
    [InlineData("ring-b@example.org", "bob@example.org")]
    [InlineData("whoever@example.org", "spam@example.org")]
    [InlineData("whoever@example.net", "spam@example.org")]
    [InlineData("whoever@bücher.example", "spam@example.org")]
    [InlineData("whoever@xn--bcher-kva.example", "spam@example.org")]
    [InlineData("postmaster@example.org", "alice@example.org")]
    [InlineData("Postmaster@example.net", "alice@example.org")]
    [InlineData("postmaster@bücher.example", "alice@example.org")]
    [InlineData("postmaster", "alice@example.org")]
    [InlineData("PostMaster", "alice@example.org")]
    public async Task An_address_leads_to_its_ends_by_the_precedence(string address, string ends)
    {
        using var book = await Declare.BookAsync(Everything);
        var way = Resolve(book, address);
        Assert.Equal(ResolutionKind.Found, way.Kind);
        var local = way.Local.Select(l => l.Detail.Length > 0 ? $"{l.Address.Wire}+{l.Detail}" : l.Address.Wire);
        Assert.Equal(ends, string.Join(' ', local.Concat(way.External.Select(a => a.Wire))));
    }

    [Theory]
    [InlineData("alice@elsewhere.example", ResolutionKind.NotLocal)]
    [InlineData("alice@sub.example.org", ResolutionKind.NotLocal)]
    [InlineData("alice@[192.0.2.1]", ResolutionKind.NotLocal)]
    [InlineData("dead@quiet.example", ResolutionKind.UnknownUser)]
    [InlineData("alice", ResolutionKind.UnknownUser)]
    public async Task What_leads_nowhere_says_why(string address, ResolutionKind kind)
    {
        using var book = await Declare.BookAsync(Everything);
        Assert.Equal(kind, Resolve(book, address).Kind);
        Assert.Equal(kind != ResolutionKind.NotLocal && address.Contains('@'), book.Table.IsLocalDomain(address[(address.IndexOf('@') + 1)..]));
    }

    [Fact]
    public async Task An_unknown_user_is_unknown_without_a_catch_all()
    {
        using var book = await Declare.BookAsync(Declare.All());
        Assert.Equal(ResolutionKind.UnknownUser, Resolve(book, "whoever@example.org").Kind);
    }

    [Fact]
    public async Task An_alias_to_nobody_is_a_warning()
    {
        using var book = Declare.Book();
        var applied = await book.ApplyAsync(Everything, default);
        Assert.Equal("alias dead@quiet.example (aviso.yaml:20) leads to nobody@quiet.example, which nobody has",
            Assert.Single(applied.Warnings, w => w.Contains("dead", StringComparison.Ordinal)));
    }

    public static TheoryData<string, object[], string> Contradictions => new()
    {
        { "an alias on a mailbox that leaves it out", [Declare.Alias("alice@example.org", "bob@example.org")],
            "alias alice@example.org (aviso.yaml:20) would take the mail of the account alice@example.org (aviso.yaml:10); to keep it and send copies, give the account `forward_to: [bob@example.org]`" },
        { "two accounts", [Declare.Account("Alice@Example.org", line: 40)], "account alice@example.org stands twice: aviso.yaml:10 and aviso.yaml:40" },
        { "two domains", [Declare.Domain("EXAMPLE.org", line: 7)], "domain example.org stands twice: aviso.yaml:1 and aviso.yaml:7" },
        { "an alias that says two things", [Declare.Alias("info@example.org", "alice@example.org"), Declare.Alias("info@example.org", "bob@example.org") with { Source = new("virtual", 3) }],
            "alias info@example.org (aviso.yaml:20) and alias info@example.org (virtual:3) say different things" },
        { "a catch-all that catch_all contradicts", [Declare.Domain("d.example", catchAll: "bob@example.org", line: 5), Declare.Alias("@d.example", "alice@example.org")],
            "catch_all of d.example (aviso.yaml:5) and catch-all @d.example (aviso.yaml:20) say different things" },
        { "an account of a domain that is not ours", [Declare.Account("x@other.example", line: 30)], "aviso.yaml:30: account x@other.example: other.example is not in `domains`" },
        { "an alias of a domain that is not ours", [Declare.Alias("x@other.example", "alice@example.org")], "aviso.yaml:20: alias x@other.example: other.example is not in `domains`" },
        { "an alias ring", [Declare.Alias("a@example.org", "b@example.org"), Declare.Alias("b@example.org", "a@example.org")],
            "alias a@example.org (aviso.yaml:20) leads back to itself and to nobody" },
        { "a catch-all to nobody", [Declare.Domain("d.example", catchAll: "zz@d.example", line: 5)], "catch_all of d.example (aviso.yaml:5) leads to zz@d.example, which nobody has" },
        { "a pattern with several stars", [Declare.Alias("x*y*z@example.org", "alice@example.org")], "aviso.yaml:20: `x*y*z@example.org` is no pattern: it has more than one *" },
        { "an alias to itself without a mailbox", [Declare.Alias("a@example.org", "a@example.org")], "alias a@example.org (aviso.yaml:20) leads back to itself and to nobody" },
        { "a chain that is too deep", [.. Enumerable.Range(0, 12).Select(i => Declare.Alias($"l{i}@example.org", i == 11 ? "bob@example.org" : $"l{i + 1}@example.org"))],
            "alias l0@example.org (aviso.yaml:20) leads through more than 10 aliases" },
        { "too many ends", [Declare.Alias("all@example.org", [.. Enumerable.Range(0, 1001).Select(i => $"u{i}@elsewhere.example")])],
            "alias all@example.org (aviso.yaml:20) has more than 1000 ends" },
        { "a domain alias of nothing", [Declare.Domain("n.example", aliasOf: "m.example", line: 4)], "aviso.yaml:4: n.example is an alias of m.example, which is not in `domains`" },
        { "a domain alias of an alias", [Declare.Domain("n.example", aliasOf: "example.org", line: 4), Declare.Domain("o.example", aliasOf: "n.example", line: 5)],
            "aviso.yaml:5: o.example is an alias of n.example, which is an alias itself (aviso.yaml:4)" },
        { "a password that cannot be", [Declare.Account("x@example.org", "a\u0007b", line: 30)], "aviso.yaml:30: account x@example.org: the password is empty, too long or has control characters" },
        { "a hash that nobody knows", [Declare.Account("x@example.org", "{SSHA}abc", line: 30)],
            "aviso.yaml:30: account x@example.org: this kind of hash is not known; crypt(5) and Argon2id hashes and SCRAM-SHA-256 records of 65536 rounds or more are" },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public async Task A_contradiction_is_refused_and_names_its_places(string what, object[] facts, string text)
    {
        Assert.NotEmpty(what);
        using var book = Declare.Book();
        var applied = await book.ApplyAsync(Declare.All(facts), default);
        Assert.Contains(text, applied.Contradictions.Select(c => c.Text));
        Assert.Empty(book.Now.Facts.Accounts);
        Assert.Contains(text, AccountBook.Check(Declare.All(facts)).Select(c => c.Text));
    }

    [Fact]
    public async Task A_contradiction_in_a_reload_leaves_everything_as_it_was()
    {
        using var book = await Declare.BookAsync(Declare.All());
        var before = book.Now;
        Assert.False((await book.ApplyAsync(Declare.All(Declare.Alias("alice@example.org", "bob@example.org")), default)).Ok);
        Assert.Same(before, book.Now);
    }

    [Theory]
    [InlineData("alice@example.org alice@example.org", "alice@example.org", "alice@example.org")]
    [InlineData("alice@example.org alice@example.org, b@elsewhere.example", "alice@example.org", "alice@example.org b@elsewhere.example")]
    [InlineData("@example.org bob@example.org", "x@example.org", "bob@example.org")]
    [InlineData("@other.example @example.org", "bob@other.example", "bob@example.org")]
    [InlineData("x@other.example alice@example.org\n@other.example @example.org", "x@other.example", "alice@example.org")]
    public async Task Postfix_lists_mean_what_the_design_says(string list, string address, string ends)
    {
        var aliases = VirtualList.Parse(list, "virtual");
        using var book = await Declare.BookAsync(Declare.All(Declare.Domain("other.example")) with { AliasesFrom = aliases });
        Assert.Equal(ends, string.Join(' ', Resolve(book, address) is var w ? w.Local.Select(l => l.Address).Concat(w.External) : []));
    }

    [Fact]
    public async Task The_catch_all_of_a_list_may_repeat_what_catch_all_says()
    {
        using var book = await Declare.BookAsync(Declare.All(Declare.Domain("d.example", catchAll: "bob@example.org")) with
        {
            AliasesFrom = VirtualList.Parse("@d.example Bob@example.org", "virtual"),
        });
        Assert.Equal("bob@example.org", Resolve(book, "x@d.example").Local[0].Address.Wire);
    }

    [Fact]
    public async Task A_suspended_member_does_not_stop_a_list_but_defers_mail_to_itself()
    {
        var rows = new FakeAccountRows();
        using var book = await Declare.BookAsync(Declare.All(Declare.Alias("team@example.org", "alice@example.org", "bob@example.org"), Declare.Alias("bobs@example.org", "bob@example.org")), rows);
        await book.ApplyAsync(Declare.All(Declare.Alias("team@example.org", "alice@example.org", "bob@example.org"), Declare.Alias("bobs@example.org", "bob@example.org"))
            with
        { Accounts = [Declare.Account("alice@example.org")] }, default);
        Assert.Equal(ResolutionKind.Suspended, Resolve(book, "bob@example.org").Kind);
        Assert.Equal(ResolutionKind.Suspended, Resolve(book, "bobs@example.org").Kind);
        Assert.Equal(2, Resolve(book, "team@example.org").Local.Count);
    }

    // Our letters come from MAILER-DAEMON at the host's name; RFC 3464 §2 wants such an address to be read, RFC 5321 §4.5.1 the postmaster's.
    [Theory]
    [InlineData("MAILER-DAEMON@mail.example.org", ResolutionKind.Found)]
    [InlineData("mailer-daemon@MAIL.example.org", ResolutionKind.Found)]
    [InlineData("postmaster@mail.example.org", ResolutionKind.Found)]
    [InlineData("alice@mail.example.org", ResolutionKind.NotLocal)]
    [InlineData("MAILER-DAEMON@elsewhere.example", ResolutionKind.NotLocal)]
    public async Task Whom_our_letters_come_from_is_the_postmaster(string address, ResolutionKind kind)
    {
        using var book = await Declare.BookAsync(Everything with { HostName = "mail.example.org" });
        var way = Resolve(book, address);
        Assert.Equal(kind, way.Kind);
        Assert.Equal(kind == ResolutionKind.Found ? ["alice@example.org"] : [], way.Local.Select(l => l.Address.Wire));
        Assert.False(book.Table.IsLocalDomain("mail.example.org"));
    }

    [Fact]
    public async Task Postmaster_resolves_even_when_its_reader_is_suspended()
    {
        using var book = await Declare.BookAsync(Declare.All() with { Postmaster = "bob@example.org" });
        await book.ApplyAsync(Declare.All() with { Postmaster = "bob@example.org", Accounts = [Declare.Account("alice@example.org")] }, default);
        Assert.Equal("alice@example.org", Resolve(book, "postmaster@example.org").Local[0].Address.Wire);
        Assert.Equal("alice@example.org", Resolve(book, "postmaster").Local[0].Address.Wire);
    }

    [Theory]
    [InlineData("alice@example.org", true)]
    [InlineData("alice+any@example.org", true)]
    [InlineData("Alice@EXAMPLE.net", true)]
    [InlineData("plans@example.org", true)]
    [InlineData("mine@example.org", true)]
    [InlineData("anything@app.example", true)]
    [InlineData("trips-1@example.org", true)]
    [InlineData("trips@example.org", false)]
    [InlineData("info@example.org", false)]
    [InlineData("bob@example.org", false)]
    [InlineData("nobody-but-the-catch-all@example.org", false)]
    [InlineData("postmaster@example.org", false)]
    [InlineData("alice@elsewhere.example", false)]
    [InlineData("alice", false)]
    public async Task Sending_as_needs_an_own_address_or_a_grant(string address, bool may)
    {
        using var book = await Declare.BookAsync(new("alice@example.org",
            [Declare.Domain("example.org", catchAll: "alice@example.org"), Declare.Domain("example.net", aliasOf: "example.org")],
            [Declare.Account("alice@example.org", sendAs: ["plans@example.org", "*@app.example", "trips-*@example.org"]), Declare.Account("bob@example.org")],
            [Declare.Alias("mine@example.org", "alice@example.org"), Declare.Alias("info@example.org", "alice@example.org", "bob@example.org")]));
        Assert.Equal(may, book.Grants.MaySendAs(book.Table.FindAccount("alice@example.org")!.Value, address));
    }

    private static Resolution Resolve(AccountBook book, string address)
    {
        var at = address.LastIndexOf('@');
        return at < 0 ? book.Table.Resolve(address, "") : book.Table.Resolve(address[..at], address[(at + 1)..]);
    }
}
