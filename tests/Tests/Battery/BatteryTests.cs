using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Sieve;
using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Battery;

/// <summary>
/// Whatever a stranger sends, up to 10 MB: no parser that he reaches takes more than a second of CPU or holds more than 64 MB at once.
/// CPU is measured on the thread that does the work, so that a loaded machine changes nothing; memory alone in the process.
/// </summary>
[Collection(Alone.Name)]
public sealed class BatteryTests
{
    private static readonly Lazy<IReadOnlyList<ISpamCheck>> Checks = new(() => BuiltInChecks.All(new RulesInForce(RuleSet.BuiltIn)));

    public static TheoryData<string> Mails => [.. MailBombs.All.Keys];

    public static TheoryData<string> Files => [.. FileBombs.All.Keys];

    [Theory]
    [MemberData(nameof(Mails))]
    public void Every_parser_of_a_message_has_an_end(string name)
    {
        var message = MailBombs.All[name]();
        Assert.True(message.Length <= 10 << 20);
        using var body = Body(message);
        Run(name, "scan and render", () =>
        {
            var reader = new MessageReader();
            var root = reader.Scan(body);
            reader.Render(body, root);
        });
        var scanned = new MessageReader().Scan(body);
        Run(name, "structure", () =>
        {
            ImapStructure.BodyStructure(scanned, utf8: true, MessageReader.Reader(body));
            ImapStructure.Envelope(message.AsSpan(0, (int)Math.Min(scanned.HeaderLength, MimeLimits.Default.HeaderOctets)), utf8: false);
        });
        Run(name, "text for the index", () =>
        {
            MessageText.Extract(scanned, MessageReader.Reader(body), 256 * 1024, out _);
            MessageText.Preview(scanned, MessageReader.Reader(body));
        });
        Run(name, "header", () =>
        {
            var header = message.AsSpan(0, (int)Math.Min(scanned.HeaderLength, MimeLimits.Default.HeaderOctets));
            AuthenticationResults.Claiming(header, "mail.example.org");
            SpamFields.Claiming(header);
            OriginalClient.Find(header, System.Net.IPAddress.Parse("192.0.2.1"), "h.example", _ => true);
        });
        Run(name, "filter", () => Filter(body, scanned));
        Run(name, "tokens", () =>
        {
            using var tokens = new TokenSet();
            MessageTokens.Read(new SpamContext(new() { Body = body, Root = scanned }, DateTimeOffset.UnixEpoch).Content, scanned, tokens);
        });
        Run(name, "authentication", () => Verify(body));
        Run(name, "report", () => FoundReport.Find(scanned, MessageReader.Reader(body), new(WorkLimits.Report, TimeProvider.System)));
        Run(name, "downgrade", () => EightBitDowngrade.Write(scanned, MessageReader.Reader(body),
            new System.Buffers.ArrayBufferWriter<byte>()), 256 << 20);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Looking_into_files_has_an_end(string name)
    {
        var message = FileBombs.All[name]();
        Assert.True(message.Length <= 10 << 20, $"{message.Length} octets");
        using var body = Body(message);
        var root = new MessageReader().Scan(body);
        Run(name, "filter", () => Filter(body, root));
        Run(name, "report", () => FoundReport.Find(root, MessageReader.Reader(body), new(WorkLimits.Report, TimeProvider.System)));
    }

    [Theory]
    [InlineData("zip in zip in zip")]
    [InlineData("overlapping files")]
    [InlineData("streams onto one place")]
    [InlineData("slides")]
    [InlineData("two hundred thousand files")]
    public void A_limit_that_is_hit_counts(string name)
    {
        using var body = Body(FileBombs.All[name]());
        Assert.Contains(Filter(body, new MessageReader().Scan(body)).Symbols, s => s is { Name: SpamContext.LimitSymbol, Score: >= 0.5 });
    }

    public static TheoryData<string> Scripts => new()
    {
        "require \"regex\"; if header :regex \"subject\" \"(a|aa)+$\" { discard; }",
        "require [\"regex\", \"variables\"]; if header :regex \"subject\" \"(.*)(.*)(.*)(.*)x\" { discard; }",
        "if header :matches \"subject\" \"*a*a*a*a*a*a*a*a*a*a*b\" { discard; }",
        "require \"body\"; if body :content \"text\" :matches \"*a*a*a*a*a*a*b\" { discard; }",
        "require \"body\"; if body :raw :contains \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\" { discard; }",
        "if address :all :contains [\"from\", \"to\", \"cc\"] \"zz\" { discard; }",
    };

    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_script_over_any_message_has_an_end(string script)
    {
        var compiled = SieveCompiler.Compile(script).Script;
        Assert.NotNull(compiled);
        byte[][] messages =
        [
            [.. "Subject: "u8, .. Bombs.Repeat("a", 250_000), .. "!\r\n\r\n"u8, .. Bombs.Repeat("a", 9 << 20)],
            MailBombs.All["routes"](), MailBombs.All["addresses"](), MailBombs.All["short fields"](), MailBombs.All["alternatives"](),
        ];
        foreach (var message in messages) Run(script, "run", () => BatterySieve.Run(compiled, message), 256 << 20);
    }

    [Theory]
    [InlineData("(((a{255}){255}){255})x")]
    [InlineData("((((((((((a|b)*|c)*|d)*|e)*|f)*|g)*|h)*|i)*|j)*|k)*")]
    [InlineData("([a-z]{1,255}[0-9]{1,255}){1,255}")]
    public void A_script_of_any_kind_is_checked_in_bounded_time(string pattern) => Run(pattern, "compile", () => SieveCompiler.Compile(
        "require \"regex\";" + string.Concat(Enumerable.Range(0, 60).Select(i => $"if header :regex \"subject\" \"{pattern}{i}\" {{ stop; }}\n"))), 256 << 20);

    [Fact]
    public void Names_values_and_records_of_strangers_have_an_end()
    {
        var many = new string('a', 60_000);
        Run("spf record", "parse", () => SpfRecord.Parse("v=spf1 " + string.Concat(Enumerable.Repeat("ip4:192.0.2.1 ", 5000)), out _));
        Run("spf macros", "check", () => SpfMacro.IsMacroString(string.Concat(Enumerable.Repeat("%{d", 20_000))));
        Run("dmarc record", "parse", () =>
            DmarcRecord.Parse("v=DMARC1; p=none; rua=" + string.Concat(Enumerable.Repeat("mailto:a@b,", 6000))));
        Run("key record", "parse", () => DkimKeyRecord.Parse("v=DKIM1; p=" + many));
        Run("clamd", "parse", () => ClamdReply.Parse(Encoding.ASCII.GetBytes("stream: " + many + " FOUND")));
        Run("a file's name", "extension", () => AttachedFile.ExtensionOf(new string('.', 250_000)));
        Run("html of the index", "convert", () => HtmlText.Convert(string.Concat(Enumerable.Repeat("<a <b &#x", 1 << 18)), 1 << 20));
    }

    private static void Run(string name, string what, Action work, long allocated = Cost.MostAllocated)
    {
        var cost = Cost.Of(work);
        cost.AssertBounded($"{name}, {what}", allocated);
        cost.AssertHeld($"{name}, {what}", work);
    }

    private static SpamContext Filter(SpooledBody body, MimePart root)
    {
        var context = new SpamContext(new() { Body = body, Root = root, Client = System.Net.IPAddress.Parse("192.0.2.1") },
            new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        foreach (var check in Checks.Value)
        {
            try
            {
                check.CheckAsync(context, default).AsTask().GetAwaiter().GetResult();
            }
            catch (WorkSpentException e)
            {
                context.LimitHit(e.Message);
            }
        }
        return context;
    }

    private static void Verify(SpooledBody body) =>
        new MailVerifier(new FakeZone(), new() { HostName = "mail.example.org" }, TimeProvider.System)
            .VerifyAsync(new(System.Net.IPAddress.Parse("192.0.2.1"), "h.example", Unit.Base.Addresses.Of("a@one.example"), body), default).AsTask().GetAwaiter()
                .GetResult();

    private static SpooledBody Body(byte[] octets)
    {
        var body = new BodySpool(Path.GetTempPath(), long.MaxValue).Begin();
        body.Write(octets);
        return body;
    }
}
