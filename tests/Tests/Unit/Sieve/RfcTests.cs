using Aviso.Sieve;
using Aviso.Tests.Battery;
using Xunit;

namespace Aviso.Tests.Unit.Sieve;

/// <summary>Where the RFCs say MUST and a plain reading of them goes wrong.</summary>
public sealed class RfcTests
{
    private const string Multipart =
        "From: Nobody In Particular\r\nTo: bob@two.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n"
        + "before\r\n--cut\r\nContent-Type: text/plain\r\nX-Part: one\r\n\r\nfirst\r\n--cut\r\nX-Part: two\r\nContent-Type: broken\r\n\r\nsecond\r\n--cut--\r\nbehind\r\n";

    private sealed class Scripts(string included) : NobodyHost
    {
        public override ValueTask<SieveCompilation?> ScriptAsync(string name, bool global, CancellationToken cancel) => new(SieveCompiler.Compile(included, new() { Name = name }));
    }

    public static TheoryData<string, string, bool> Cases => new()
    {
        // RFC 5228 §2.4.2.2: a name with a colon is a field that no message has.
        { "if header :contains \"subject:\" \"\" { discard; }", Multipart, false },
        { "if exists \"a b\" { discard; }", Multipart, false },
        // RFC 5173 §5.2: prologue and epilogue, no line of a boundary.
        { "require \"body\"; if body :content \"multipart\" :contains \"cut\" { discard; }", Multipart, false },
        { "require \"body\"; if body :content \"multipart\" :is \"before\" { discard; }", Multipart, true },
        { "require \"body\"; if body :content \"multipart\" :contains \"behind\" { discard; }", Multipart, true },
        // RFC 5173 §4: without an empty line there is no body, not even an empty one.
        { "require \"body\"; if body :raw :is \"\" { discard; }", "Subject: x\r\n", false },
        { "require \"body\"; if body :raw :contains \"\" { discard; }", "Subject: x\r\n", false },
        { "require \"body\"; if body :raw :is \"\" { discard; }", "Subject: x\r\n\r\n", true },
        { "require \"body\"; if body :raw :contains \"\" { discard; }", "Subject: x\r\n\r\nhello", true },
        // RFC 5703 §4.1: a field without a subtype has a blank one.
        { "require [\"mime\"]; if header :mime :subtype :is \"Content-Type\" \"\" { discard; }", "Content-Type: broken\r\n\r\nx", true },
        { "require [\"mime\"]; if header :mime :subtype :is \"Content-Type\" \"plain\" { discard; }", "Content-Type: text/plain\r\n\r\nx", true },
        // RFC 5228 §2.7.4: what is no address has no parts.
        { "if address :localpart :contains \"from\" \"\" { discard; }", Multipart, false },
        { "if address :domain :contains \"from\" \"\" { discard; }", Multipart, false },
        { "if address :localpart :is \"to\" \"bob\" { discard; }", Multipart, true },
        // RFC 5463 §4: what changes the reading of a script cannot be asked for.
        { "require \"ihave\"; if ihave \"variables\" { discard; }", Multipart, false },
        { "require \"ihave\"; if ihave \"encoded-character\" { discard; }", Multipart, false },
        { "require \"ihave\"; if ihave [\"fileinto\", \"variables\"] { discard; }", Multipart, false },
        { "require \"ihave\"; if ihave \"fileinto\" { discard; }", Multipart, true },
        // RFC 5228 §2.4.2.4: out of range only counts where the rest is well-formed.
        { "require \"encoded-character\"; if header :is \"subject\" \"${unicode:200000\" { discard; }", "Subject: ${unicode:200000\r\n\r\n", true },
        { "require \"encoded-character\"; if header :is \"subject\" \"${unicode:200000 x}\" { discard; }", "Subject: ${unicode:200000 x}\r\n\r\n", true },
        // RFC 5051: what is part of what, and order, by letters and marks apart; a wildcard takes both together.
        { "require \"comparator-i;unicode-casemap\"; if header :contains :comparator \"i;unicode-casemap\" \"subject\" \"cafe\" { discard; }", "Subject: =?utf-8?q?CAF=C3=89?=\r\n\r\n", true },
        { "require \"comparator-i;unicode-casemap\"; if header :matches :comparator \"i;unicode-casemap\" \"subject\" \"caf?\" { discard; }", "Subject: =?utf-8?q?CAF=C3=89?=\r\n\r\n", true },
        { "require [\"relational\", \"comparator-i;unicode-casemap\"]; if header :value \"lt\" :comparator \"i;unicode-casemap\" \"subject\" \"zebra\" { discard; }", "Subject: =?utf-8?q?=C3=84pfel?=\r\n\r\n", true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Tests_hold_as_the_rfc_says(string script, string message, bool holds) =>
        Assert.Equal(holds ? "Discard" : "Keep", Kind(await RunAsync(script, message, new NobodyHost())));

    [Theory]
    [InlineData("require \"encoded-character\"; if header :is \"subject\" \"${unicode:200000}\" { discard; }", "is no Unicode character")]
    [InlineData("require [\"include\"]; include \"a\u2028b\";", "can be no name of a script")]
    [InlineData("require [\"include\"]; include \"a\u2029\";", "can be no name of a script")]
    [InlineData("require \"enotify\"; notify :options [\"a=b\", \"plain\"] \"mailto:a@example.org\";", "they are written name=value")]
    [InlineData("require \"enotify\"; notify :options \"=b\" \"mailto:a@example.org\";", "they are written name=value")]
    public void What_is_an_error_is_said_when_it_is_compiled(string script, string text)
    {
        var compiled = SieveCompiler.Compile(script);
        Assert.Null(compiled.Script);
        Assert.Contains(compiled.Errors, e => e.Text.Contains(text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("if header \"subject:\" \"x\" { }", 1)]
    [InlineData("if exists \"a b\" { }", 1)]
    [InlineData("if address \"a b\" \"x\" { }", 1)]
    [InlineData("require \"enotify\"; notify :options [\"a.b-c_1=b c\", \"d=\"] \"mailto:a@example.org\";", 0)]
    public void What_is_only_doubtful_compiles(string script, int warnings)
    {
        var compiled = SieveCompiler.Compile(script);
        Assert.Empty(compiled.Errors);
        Assert.Equal(warnings, compiled.Warnings.Count);
    }

    // RFC 6609 §3.8: the part is presented as though it were the entire message.
    [Theory]
    [InlineData("if allof (exists \"X-Part\", exists \"To\") { discard; }", false)]
    [InlineData("if header :is \"X-Part\" \"two\" { discard; }", true)]
    [InlineData("require \"body\"; if allof (exists \"X-Part\", body :raw :contains \"before\") { discard; }", false)]
    [InlineData("require \"body\"; if allof (exists \"X-Part\", body :raw :contains \"second\") { discard; }", true)]
    [InlineData("if allof (exists \"X-Part\", size :over 200) { discard; }", false)]
    public async Task A_script_included_in_a_loop_sees_the_part_as_the_message(string included, bool discards)
    {
        var outcome = await RunAsync(
            "require [\"include\", \"foreverypart\", \"mime\"]; foreverypart { include \"inner\"; }", Multipart, new Scripts(included));
        Assert.Equal(discards ? "Discard" : "Keep", Kind(outcome));
    }

    [Fact]
    public async Task What_an_included_script_edits_in_a_part_is_in_the_message_and_actions_are_about_the_whole()
    {
        var outcome = await RunAsync(
            "require [\"include\", \"foreverypart\", \"mime\"]; foreverypart { include \"inner\"; } if header :is \"Subject\" \"x\" { keep; }", Multipart,
            new Scripts("require [\"editheader\", \"copy\", \"fileinto\"]; if header :is \"X-Part\" \"one\" { addheader \"X-Seen\" \"yes\"; fileinto :copy \"A\"; }"));
        Assert.Null(outcome.Error);
        var keep = outcome.Actions.OfType<SieveAction.Keep>().Single();
        var body = System.Text.Encoding.UTF8.GetString(keep.Edit!.Body!);
        Assert.Contains("X-Seen: yes", body, StringComparison.Ordinal);
        Assert.Contains("second", body, StringComparison.Ordinal);
        Assert.Contains("Subject: x", System.Text.Encoding.UTF8.GetString(keep.Edit.Header), StringComparison.Ordinal);
        Assert.Contains("second", System.Text.Encoding.UTF8.GetString(outcome.Actions.OfType<SieveAction.FileInto>().Single().Edit!.Body!),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_over_several_lines_is_one_line_with_single_blanks()
    {
        var outcome = await RunAsync("require \"editheader\"; addheader \"X-A\" text:\none\n two\n.\n;", Multipart, new NobodyHost());
        Assert.Contains("X-A: one two\r\n", System.Text.Encoding.UTF8.GetString(outcome.Actions[0].Edit!.Header), StringComparison.Ordinal);
    }

    // 60 expressions over 60 kB took 20 s and a gigabyte that stayed.
    [Fact]
    public void Regular_expressions_of_one_run_have_a_time_in_all()
    {
        var script = "require \"regex\";" + string.Concat(Enumerable.Range(0, 60).Select(i =>
            $"if header :regex \"x-a\" \"(a|b{i}|[a-f]+){{1,40}}(c|d)(e|f){{1,40}}x{i}$\" {{ discard; }}"));
        var message = System.Text.Encoding.ASCII.GetBytes(
            "X-A: " + string.Concat(Enumerable.Range(0, 10_000).Select(i => "abcdef"[i % 6])) + "\r\n\r\n");
        var compiled = SieveCompiler.Compile(script).Script!;
        SieveOutcome? outcome = null;
        var cost = Cost.Of(() => outcome = BatterySieve.Run(compiled, message));
        Assert.True(cost.Cpu < TimeSpan.FromSeconds(3), $"{cost.Cpu}");
        Assert.Equal("Keep", Kind(outcome!));
    }

    private static string Kind(SieveOutcome outcome) => outcome.Actions.Any(a => a is SieveAction.Discard) ? "Discard" : "Keep";

    private static async Task<SieveOutcome> RunAsync(string script, string text, ISieveHost host)
    {
        var compiled = SieveCompiler.Compile(script);
        Assert.Empty(compiled.Errors);
        using var message = SieveTests.Message(text);
        return await SieveRunner.RunAsync([compiled.Script!], message.Value, host, null, TestContext.Current.CancellationToken);
    }
}
