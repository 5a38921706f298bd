using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Sieve;
using Xunit;

namespace Aviso.Tests.Unit.Sieve;

public sealed class SieveTests
{
    private static readonly BodySpool Spool = new(Path.GetTempPath(), 1L << 30);

    public static TheoryData<string> Collections() =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Transcripts", "Sieve"), "*.svtest").Select(f =>
            Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Collections))]
    public async Task Our_collections_pass(string name)
    {
        var output = new StringWriter();
        var path = Path.Combine(AppContext.BaseDirectory, "Transcripts", "Sieve", name);
        var (passed, failed) = await TestDriver.RunFileAsync(path, output, TestContext.Current.CancellationToken);
        Assert.True(failed == 0, output.ToString());
        Assert.True(passed > 0);
    }

    [Theory]
    [InlineData("kep;", 1, 1, "there is no command `kep`, did you mean `keep`?")]
    [InlineData("keep", 1, 5, "`keep` ends with ; or a block, not with the end of the script")]
    [InlineData("if true { keep; ", 1, 9, "this { has no closing }")]
    [InlineData("keep;\n  fileinto \"x\";", 2, 3, "`fileinto` needs require \"fileinto\"")]
    [InlineData("require \"fileintoo\";", 1, 9, "the extension `fileintoo` is not known here, did you mean `fileinto`?")]
    [InlineData("if header :isx \"a\" \"b\" {}", 1, 11, "`header` has no tag :isx, did you mean `is`?")]
    [InlineData("redirect \"nobody\";", 1, 10, "`nobody` is no mail address")]
    [InlineData("keep; require \"fileinto\";", 1, 7, "`require` stands at the beginning of a script, before every other command")]
    [InlineData("else { keep; }", 1, 1, "`else` follows the block of an `if`")]
    [InlineData("if size :over 10X {}", 1, 15, "a number ends with a digit, K, M or G")]
    [InlineData("\"x", 1, 1, "this string has no closing quote")]
    public void Errors_have_their_place(string script, int line, int column, string text)
    {
        var compiled = SieveCompiler.Compile(script);
        Assert.Null(compiled.Script);
        Assert.Contains(new SieveProblem(line, column, text), compiled.Errors);
    }

    [Theory]
    [InlineData("", "Keep")]
    [InlineData("discard;", "Discard")]
    [InlineData("discard; keep;", "Keep")]
    [InlineData("redirect \"a@example.org\";", "Redirect")]
    [InlineData("require \"copy\"; redirect :copy \"a@example.org\";", "Redirect Keep")]
    [InlineData("require \"fileinto\"; fileinto \"A\"; fileinto \"A\";", "FileInto")]
    [InlineData("require \"fileinto\"; fileinto \"A\"; stop; discard;", "FileInto")]
    [InlineData("require \"reject\"; reject \"no\";", "Reject")]
    [InlineData("require \"ihave\"; discard; error \"x\";", "Keep !")]
    [InlineData("redirect \"a@example.org\"; redirect \"b@example.org\"; redirect \"c@example.org\"; redirect \"d@example.org\"; redirect \"e@example.org\";", "Keep !")]
    public async Task A_script_gives_its_actions(string script, string expected)
    {
        var outcome = await RunAsync(script);
        var names = string.Join(' ', outcome.Actions.Select(a => a.GetType().Name)) + (outcome.Error is null ? "" : " !");
        Assert.Equal(expected, names);
    }

    [Fact]
    public async Task A_failed_script_leaves_the_others_their_say()
    {
        var before = Compile("require \"imap4flags\"; keep;");
        var broken = Compile("require [\"ihave\", \"fileinto\"]; fileinto \"Lost\"; error \"oops\";");
        var after = Compile("require \"fileinto\"; fileinto \"Junk\";");
        using var message = Message("Subject: x\r\n\r\n");
        var outcome = await SieveRunner.RunAsync(
            [before, broken, after], message.Value, new NobodyHost(), null, TestContext.Current.CancellationToken);
        Assert.Equal("Junk", Assert.IsType<SieveAction.FileInto>(Assert.Single(outcome.Actions)).Mailbox);
        Assert.EndsWith("oops", outcome.Error);
    }

    [Fact]
    public async Task A_keep_goes_on_with_its_flags_to_the_end_of_the_sequence()
    {
        var first = Compile("require \"imap4flags\"; addflag \"one\"; keep :flags \"two\"; addflag \"three\";");
        var broken = Compile("require [\"ihave\", \"imap4flags\"]; setflag \"lost\"; error \"oops\";");
        var last = Compile("require \"imap4flags\"; addflag \"four\";");
        Assert.Equal(["two"], await FlagsAsync(first, broken));
        Assert.Equal(["two", "four"], await FlagsAsync(first, broken, last));
        Assert.Equal(["one", "three"], await FlagsAsync(Compile("require \"imap4flags\"; addflag [\"one\", \"three\"];"), broken));
        Assert.Equal(["four"], await FlagsAsync(broken, last));
    }

    [Fact]
    public async Task A_host_that_throws_costs_no_mail()
    {
        using var message = Message("Subject: x\r\n\r\n");
        var script = Compile("require [\"fileinto\", \"mailbox\"]; fileinto \"A\"; if mailboxexists \"B\" { discard; }");
        var outcome = await SieveRunner.RunAsync([script], message.Value, new BrokenHost(), null, TestContext.Current.CancellationToken);
        Assert.IsType<SieveAction.Keep>(Assert.Single(outcome.Actions));
        Assert.Contains("the server could not go on", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("require \"editheader\"; addheader \"X-A\" \"a\r\nX-Evil: 1\r\n\r\nbody\";")]
    [InlineData("require \"replace\"; replace :subject \"a\r\nX-Evil: 1\" \"text\";")]
    [InlineData("require \"enclose\"; enclose :subject \"a\r\nX-Evil: 1\" \"text\";")]
    [InlineData("require [\"editheader\", \"variables\"]; set \"v\" \"a\nX-Evil: 1\rX-Evil: 2\"; addheader :last \"X-A\" \"${v}\";")]
    public async Task No_field_is_smuggled_into_a_header(string script)
    {
        using var message = Message("From: a@example.org\r\nSubject: x\r\n\r\nbody\r\n");
        var outcome =
            await SieveRunner.RunAsync([Compile(script)], message.Value, new NobodyHost(), null, TestContext.Current.CancellationToken);
        var header = Encoding.UTF8.GetString(outcome.Edit!.Header);
        Assert.DoesNotContain("\nX-Evil", header, StringComparison.Ordinal);
        Assert.DoesNotContain("\rX-Evil", header, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", header, StringComparison.Ordinal);
        Assert.Equal(header.Length - 4, header.IndexOf("\r\n\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_header_that_is_larger_than_what_tests_see_is_kept_whole()
    {
        var fields = string.Concat(Enumerable.Range(0, 9000).Select(i => $"X-Field-{i}: a value of some forty octets, this one\r\n"));
        using var message = Message(fields + "Subject: x\r\n\r\nbody\r\n");
        var outcome = await SieveRunner.RunAsync(
            [Compile("require \"editheader\"; addheader \"X-New\" \"1\"; redirect \"a@example.org\"; keep;")], message.Value,
                new NobodyHost(), null, TestContext.Current.CancellationToken);
        Assert.Equal("X-New: 1\r\n" + fields + "Subject: x\r\n\r\n", Encoding.UTF8.GetString(outcome.Edit!.Header));
        Assert.All(outcome.Actions, a => Assert.Same(outcome.Edit, a.Edit));
    }

    [Theory]
    [InlineData("require \"replace\"; replace :mime \"Content-Type: text/plain\r\n\r\nx\"; keep;", 0, null)]
    [InlineData("require [\"enclose\", \"fileinto\"]; enclose \"a\"; fileinto \"A\"; enclose \"b\"; fileinto \"B\";", 2 << 20, "octets")]
    [InlineData("require \"body\"; if body :contains \"zz\" { discard; }", 2 << 20, "octets")]
    [InlineData("require [\"variables\", \"body\"]; if body :raw :matches \"*\" { set \"a\" \"x\"; } set \"b\" \"${a}${a}\";", 0, null)]
    public async Task What_a_run_makes_has_an_end_that_keeps_the_message(string script, int octets, string? error)
    {
        var text = string.Concat(Enumerable.Repeat("0123456789\r\n", octets / 12));
        using var message = Message("From: a@example.org\r\nSubject: x\r\n\r\n" + text);
        var limits = SieveLimits.Default with { Octets = 3 << 20 };
        var outcome = await SieveRunner.RunAsync(
            [Compile(script)], message.Value, new NobodyHost(), limits, TestContext.Current.CancellationToken);
        if (error is null) Assert.Null(outcome.Error);
        else
        {
            Assert.Contains(error, outcome.Error, StringComparison.Ordinal);
            Assert.Null(outcome.Edit);
            Assert.IsType<SieveAction.Keep>(Assert.Single(outcome.Actions));
            Assert.True(outcome.Spent.Octets > 3 << 20);
        }
    }

    // Two hundred of them were taken and the others were not, without a word.
    [Theory]
    [InlineData(200, null)]
    [InlineData(201, "more than 200 flags")]
    public async Task More_flags_than_a_message_may_have_are_an_error(int count, string? error)
    {
        var flags = string.Join(", ", Enumerable.Range(0, count).Select(i => $"\"k{i}\""));
        var outcome = await RunAsync($"require \"imap4flags\"; addflag [{flags}];");
        if (error is null) Assert.Null(outcome.Error);
        else Assert.Contains(error, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(error is null ? count : 0, Assert.IsType<SieveAction.Keep>(Assert.Single(outcome.Actions)).Flags.Count);
    }

    private static async Task<IReadOnlyList<string>> FlagsAsync(params SieveScript[] scripts)
    {
        using var message = Message("Subject: x\r\n\r\n");
        var outcome = await SieveRunner.RunAsync(scripts, message.Value, new NobodyHost(), null, TestContext.Current.CancellationToken);
        return Assert.IsType<SieveAction.Keep>(Assert.Single(outcome.Actions)).Flags;
    }

    [Fact]
    public void Ten_thousand_nested_blocks_are_refused() =>
        Assert.Contains(SieveCompiler.Compile(string.Concat(Enumerable.Repeat("if true {", 10_000))).Errors, e =>
            e.Text.Contains("nested", StringComparison.Ordinal));

    [Fact]
    public void A_large_script_compiles()
    {
        var script = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"if header \"x\" \"{i}\" {{ keep; }}\n"));
        Assert.NotNull(SieveCompiler.Compile(script).Script);
    }

    [Theory]
    [InlineData("*a*a*a*a*a*a*a*a*a*a*b")]
    [InlineData("*a?a?a?a?a?a?a?a?b*")]
    [InlineData("*aaaaaaaaaaaaaaaaaaaaaaaaab*c")]
    public async Task Stars_over_a_large_body_end(string pattern)
    {
        using var message = Message("Subject: x\r\n\r\n" + new string('a', 1024 * 1024));
        var script = Compile($"require \"body\"; if body :raw :matches \"{pattern}\" {{ discard; }}");
        var outcome = await SieveRunner.RunAsync([script], message.Value, new NobodyHost(), null, TestContext.Current.CancellationToken);
        Assert.IsType<SieveAction.Keep>(Assert.Single(outcome.Actions));
    }

    internal static SieveScript Compile(string script)
    {
        var compiled = SieveCompiler.Compile(script);
        Assert.True(compiled.Script is not null, string.Join('\n', compiled.Errors));
        return compiled.Script;
    }

    private static async Task<SieveOutcome> RunAsync(string script)
    {
        using var message = Message("From: a@example.org\r\nTo: b@example.com\r\nSubject: x\r\n\r\nbody\r\n");
        return await SieveRunner.RunAsync([Compile(script)], message.Value, new NobodyHost(), null, TestContext.Current.CancellationToken);
    }

    internal static Owned Message(string text)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        var body = Spool.Begin();
        body.Write(octets);
        var scanner = new MimeScanner();
        scanner.Append(octets);
        return new(new(body, scanner.Finish(), "a@example.org", "b@example.com"));
    }

    internal sealed record Owned(SieveMessage Value) : IDisposable
    {
        public void Dispose() => Value.Body.Dispose();
    }
}

/// <summary>A host that fails.</summary>
internal sealed class BrokenHost : NobodyHost
{
    public override ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel) =>
        throw new IOException("the disk is gone");
}

/// <summary>A host that knows nothing.</summary>
internal class NobodyHost : ISieveHost
{
    public virtual ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel) => new(false);

    public ValueTask<bool> MailboxIdExistsAsync(string id, CancellationToken cancel) => new(false);

    public ValueTask<bool> HasSpecialUseAsync(string? mailbox, string attribute, CancellationToken cancel) => new(false);

    public ValueTask<string?> MetadataAsync(string? mailbox, string annotation, CancellationToken cancel) => new((string?)null);

    public virtual ValueTask<SieveCompilation?> ScriptAsync(string name, bool global, CancellationToken cancel) =>
        new((SieveCompilation?)null);

    public ValueTask<bool> WasSeenAsync(string key, CancellationToken cancel) => new(false);

    public ValueTask<IReadOnlyList<string>?> ListMembersAsync(string list, CancellationToken cancel) => new((IReadOnlyList<string>?)null);

    public ValueTask<bool?> IsInListAsync(string list, string value, CancellationToken cancel) => new((bool?)null);

    public ValueTask<string?> EnvironmentAsync(string item, CancellationToken cancel) => new((string?)null);

    public ValueTask<double?> SpamPercentAsync(CancellationToken cancel) => new((double?)null);

    public ValueTask<int> VirusVerdictAsync(CancellationToken cancel) => new(0);
}
