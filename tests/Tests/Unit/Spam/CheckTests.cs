using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Unit.Spam;

public sealed class CheckTests
{
    [Theory]
    [InlineData("<p>hi<a href=\"http://evil.example/\">https://www.bank.example/</a>", "URL_TEXT_DIFFERS")]
    [InlineData("<a href=\"http://3232235777/login\">x</a>", "URL_ODD_ADDRESS")]
    [InlineData("<a href=\"http://203.0.113.9/login\">x</a>", "URL_ADDRESS")]
    [InlineData("<a href=\"http://www.bank.example@evil.example/\">x</a>", "URL_USERINFO")]
    [InlineData("<a href=\"http://b\u0430nk.example/\">x</a>", "URL_LOOKALIKE")]
    [InlineData("<a href=\"http://xn--bnk-7cd.example/\">x</a>", "URL_LOOKALIKE")]
    [InlineData("<form action=x><input type=password></form>", "HTML_PASSWORD")]
    [InlineData("<meta http-equiv=refresh content=\"0; url=http://evil.example/\">", "HTML_REFRESH")]
    [InlineData("p\u0430ssword s\u0435cure \u0430ccount", "TEXT_DISGUISED")]
    public void Pages_are_told_by_what_they_hide(string html, string symbol) =>
        Assert.True(SpamMail.RunAll(SpamMail.Around(html, "text/html; charset=utf-8")).Has(symbol), symbol);

    [Theory]
    [InlineData("Your mailbox is full, click here to keep same password", "MAILBOX_FULL PHISH_WORDS")]
    [InlineData("I am a barrister for the next of kin; ten million dollars, strictly confidential", "FUND_TRANSFER")]
    public void Rules_of_words_and_those_over_them_hold(string text, string symbols)
    {
        var context = SpamMail.RunAll(SpamMail.Around(text));
        Assert.All(symbols.Split(' '), s => Assert.True(context.Has(s), s));
    }

    [Theory]
    [InlineData("http://first.last@firm.example", 0.8)]
    [InlineData("http://www.firm.example@mail.firm.example/x", 0)]
    [InlineData("http://bank.example@evil.example/login", 2.5)]
    public void A_mail_address_made_a_link_is_no_disguise(string url, double score) =>
        Assert.Equal(score, SpamMail.RunAll(SpamMail.Around($"<a href=\"{url}\">x</a>", "text/html")).Symbols.Where(s =>
            s.Name == "URL_USERINFO").Sum(s => s.Score));

    // Whoever registers a domain proves it and links to it: only a sender whose good mail is known gets points.
    [Theory]
    [InlineData("https://one.example/a https://news.one.example/b", true, true, -2.5)]
    [InlineData("https://one.example/a https://one.example/b https://two.example/", true, true, -2)]
    [InlineData("https://one.example/a https://two.example/ https://three.example/", true, true, 0)]
    [InlineData("https://one.example/a", false, true, 0)]
    [InlineData("https://one.example/a", true, false, 0)]
    [InlineData("none", true, true, 0)]
    public void Links_to_a_proven_and_known_sender_speak_for_it(string text, bool proven, bool known, double score)
    {
        var input = SpamMail.Around(text);
        ISpamCheck[] checks =
            [.. known ? [new KnownSender()] : Array.Empty<ISpamCheck>(), .. BuiltInChecks.All(new RulesInForce(RuleSet.BuiltIn))];
        Assert.Equal(score,
            SpamMail.Run(proven ? ProvenMail.Of(input) : input, checks).Symbols.Where(s => s.Name == "LINKS_TO_SENDER").Sum(s => s.Score));
    }

    [Theory]
    [InlineData("\"info@bank.example\" <x@evil.example>", "FROM_NAME_ADDRESS", true)]
    [InlineData("\"info@bank.example\" <x@mail.bank.example>", "FROM_NAME_ADDRESS", false)]
    public void A_name_that_is_another_address_is_told(string from, string symbol, bool expected) =>
        Assert.Equal(expected, SpamMail.RunAll(SpamMail.Around("hi", from: from)).Has(symbol));

    [Fact]
    public void An_ordinary_message_has_no_symbol()
    {
        var context = SpamMail.RunAll(SpamMail.Around("Shall we meet on Friday at noon? See https://one.example/menu."));
        Assert.Empty(context.Symbols);
    }

    [Theory]
    [InlineData("a.exe", "FILE_PROGRAM_PACKED")]
    [InlineData("deep/invoice.pdf.js", "FILE_TWO_EXTENSIONS")]
    [InlineData("word/vbaProject.bin", "OFFICE_MACRO")]
    public void Archives_are_looked_into(string entry, string symbol)
    {
        using var stream = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(
            stream, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true)) zip.CreateEntry(entry);
        var body = Convert.ToBase64String(stream.ToArray());
        var input = SpamMail.Input(
            $"From: a@one.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: application/zip; name=x.zip\nContent-Transfer-Encoding: base64\n\n{body}\n--b--\n");
        Assert.True(SpamMail.RunAll(input).Has(symbol));
    }

    [Fact]
    public void Every_phrase_is_found_and_only_whole_words()
    {
        var search = new WordSearch(["he", "she", "his", "hers*", "e"]);
        var hits = new Hits { Found = [] };
        search.Search("Ushers HE his e", ref hits);
        Assert.Equal([(0, 9), (2, 13), (4, 15)], hits.Found);
    }

    [Theory]
    [InlineData("lower 1 x\n  body: a", 1)]
    [InlineData("NAME x\n  body: a", 1)]
    [InlineData("NAME 1 x\n  bodi: a", 2)]
    [InlineData("NAME 1 x\n  body: a => /(/", 2)]
    [InlineData("NAME 1 x\n  when: A & (B", 2)]
    [InlineData("NAME 1 x", 1)]
    public void A_broken_rule_names_its_line(string text, int line)
    {
        Assert.Null(RuleSet.Parse(text, out var problems));
        Assert.Equal(line, problems[0].Line);
    }

    [Fact]
    public void An_administrators_file_adds_rules_replaces_ours_and_changes_scores()
    {
        var rules = RuleSet.WithFile("OURS 2 x\n  header x-kind: odd\nscore HTML_FORM 0.1\nscore CASINO 4\n", out _)!;
        Assert.Equal(0.1, rules.Scores["HTML_FORM"]);
        Assert.Equal(4, rules.Rules.First(r => r.Name == "CASINO").Score);
        Assert.True(SpamMail.Run(SpamMail.Input("X-Kind: odd\n\nhi"), new RulesCheck(new(rules))).Has("OURS"));
    }

    private struct Hits : IPhraseHit
    {
        public List<(int, int)> Found;

        public readonly void At(int phrase, int end) => Found.Add((phrase, end));
    }
}
