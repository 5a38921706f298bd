using Aviso.Sieve;
using Xunit;

namespace Aviso.Tests.Unit.Sieve;

/// <summary>What the RFCs want refused before a script runs, and what they want taken.</summary>
public sealed class CompileTests
{
    // A name in front of ":" is required; the first error holds the words behind "=>".
    [Theory]
    // RFC 5228
    [InlineData(": fileinto \"A\";", "needs require")]
    [InlineData("fileinto: require \"copy\"; keep; require \"reject\";", "beginning")]
    [InlineData(": require [\"fileinto\", \"nothing-like-it\"];", "not known")]
    [InlineData(": require 1;", "list of names")]
    [InlineData(": require;", "list of names")]
    [InlineData(": keep", "ends with ;")]
    [InlineData(": keep \"x\";", "takes no arguments")]
    [InlineData(": keep { stop; }", "takes no block")]
    [InlineData(": stop 1;", "takes no arguments")]
    [InlineData(": discard true;", "takes no tests")]
    [InlineData(": if true;", "has a block")]
    [InlineData(": if { keep; }", "takes one test")]
    [InlineData(": if true, false { keep; }", "`,`")]
    [InlineData(": if (true) { keep; }", "takes one test")]
    [InlineData(": if true { } else if false { }", "takes no test")]
    [InlineData(": if true { } else { } else { }", "follows the block")]
    [InlineData(": if true { } keep; elsif true { }", "follows the block")]
    [InlineData(": if not { }", "takes one test")]
    [InlineData(": if not true, false { }", "`,`")]
    [InlineData(": if allof true { }", "list of tests in parentheses")]
    [InlineData(": if anyof () { }", "a test is wanted")]
    [InlineData(": if anyof (true,) { }", "a test is wanted")]
    [InlineData(": if anyof (true false) { }", "takes no tests")]
    [InlineData(": if keep { }", "is a command")]
    [InlineData(": true;", "is a test")]
    [InlineData(": if header \"a\" { }", "takes a string or a list")]
    [InlineData(": if header \"a\" \"b\" \"c\" { }", "takes a string or a list")]
    [InlineData(": if header 1 \"b\" { }", "wants a string or a list")]
    [InlineData(": if header :is :contains \"a\" \"b\" { }", "twice")]
    [InlineData(": if header :comparator \"i;octet\" :comparator \"i;octet\" \"a\" \"b\" { }", "twice")]
    [InlineData(": if header \"a\" :is \"b\" { }", "stands before")]
    [InlineData(": if header :comparator \"i;none\" \"a\" \"b\" { }", "no comparator")]
    [InlineData(": if header :comparator \"i;ascii-numeric\" \"a\" \"b\" { }", "needs require")]
    [InlineData("comparator-i;ascii-numeric: if header :contains :comparator \"i;ascii-numeric\" \"a\" \"b\" { }", "compares numbers")]
    [InlineData(": if header :localpart \"a\" \"b\" { }", "no tag")]
    [InlineData(": if address :all :domain \"from\" \"b\" { }", "twice")]
    [InlineData(": if address \"subject\" \"b\" { }", "hold addresses")]
    [InlineData(": if address \"x-anything\" \"b\" { }", "hold addresses")]
    [InlineData(": if exists { }", "takes a string or a list")]
    [InlineData(": if size 10 { }", ":over or :under")]
    [InlineData(": if size :over :under 10 { }", "twice")]
    [InlineData(": if size :over \"10\" { }", "wants a number")]
    [InlineData(": if size :over { }", "takes a number")]
    [InlineData(": if size :over 10KB { }", "ends with a digit")]
    [InlineData(": if size :over -10 { }", "unexpected character")]
    [InlineData(": if size :over 18446744073709551616 { }", "larger than")]
    [InlineData(": if size :over 18014398509481985K { }", "larger than")]
    [InlineData(": if size :over 99999999999999999999999999999999999999999999999G { }", "larger than")]
    [InlineData("envelope: if envelope \"nothing\" \"b\" { }", "no part")]
    [InlineData(": if envelope \"from\" \"b\" { }", "needs require")]
    [InlineData(": redirect [\"a@example.org\", \"b@example.org\"];", "wants a string")]
    [InlineData(": redirect \"a@example.org, b@example.org\";", "no mail address")]
    [InlineData(": redirect \"Friends: a@example.org;\";", "no mail address")]
    [InlineData(": redirect \"\";", "no mail address")]
    [InlineData(": redirect \"<>\";", "no mail address")]
    [InlineData(": redirect \"a@\";", "no mail address")]
    [InlineData(": redirect \"a@example.org\\r\\nBcc: x@example.org\";", "no mail address")]
    [InlineData("fileinto: fileinto [\"A\"];", "wants a string")]
    [InlineData("fileinto: fileinto \"\";", "no name of a mailbox")]
    [InlineData("fileinto: fileinto \"A\", \"B\";", "`,`")]
    [InlineData(": if header \"a\" [] { }", "at least one string")]
    [InlineData(": if header \"a\" [\"b\" \"c\"] { }", "goes on with ,")]
    [InlineData(": if header \"a\" [\"b\",] { }", "a string is wanted")]
    [InlineData(": if header \"a\" [[\"b\"]] { }", "a string is wanted")]
    [InlineData(": if header : is \"a\" \"b\" { }", "name after its colon")]
    [InlineData(": /* no end", "no closing */")]
    [InlineData(": /* one /* two */ */ keep;", "unexpected character `*`")]
    [InlineData(": redirect text: x\n.\n;", "the line ends")]
    [InlineData(": redirect text:\nx\n;", "single dot")]
    [InlineData(": if true { keep; } }", "closes nothing")]
    [InlineData(": 1;", "a command is wanted")]
    [InlineData(": \"x\";", "a command is wanted")]
    [InlineData(": # a\0b\nkeep;", "NUL")]
    [InlineData(": /* a\0b */ keep;", "NUL")]
    // RFC 5229
    [InlineData(": set \"a\" \"b\";", "needs require")]
    [InlineData("variables: set \"1\" \"b\";", "no name of a variable")]
    [InlineData("variables: set \"a-b\" \"b\";", "no name of a variable")]
    [InlineData("variables: set \"a.b\" \"b\";", "no namespace that can be set")]
    [InlineData("variables: set \"${a}\" \"b\";", "holds no variables")]
    [InlineData("variables: set :lower :upper \"a\" \"b\";", "twice")]
    [InlineData("variables: set :upperfirst :lowerfirst \"a\" \"b\";", "twice")]
    [InlineData("variables: set :quoteregex \"a\" \"b\";", "needs require")]
    [InlineData("variables: set :encodeurl \"a\" \"b\";", "needs require")]
    [InlineData("variables: set \"a\" [\"b\"];", "wants a string")]
    [InlineData("variables: set \"a\" \"${company.x}\";", "no namespace")]
    [InlineData("variables: set \"a\" \"${global.x}\";", "no namespace")]
    [InlineData("variables: set \"global.x\" \"a\";", "needs require \"include\"")]
    // RFC 6609
    [InlineData("include: include \"\";", "no name of a script")]
    [InlineData("include: include [\"a\"];", "wants a string")]
    [InlineData("include: include :personal :global \"a\";", "twice")]
    [InlineData("include: global \"a\";", "needs require \"variables\"")]
    [InlineData("include variables: include \"${a}\";", "holds no variables")]
    [InlineData("include variables: global \"a-b\";", "no name of a variable")]
    [InlineData("include variables: set \"a\" \"1\"; global \"A\";", "set before")]
    // RFC 5231, 5260
    [InlineData("relational: if header :count \"xx\" \"a\" \"1\" { }", "no relation")]
    [InlineData("relational: if header :value \"a\" { }", "takes a string or a list")]
    [InlineData("relational: if header :count [\"eq\"] \"a\" \"1\" { }", "followed by a string")]
    [InlineData(": if header :value \"eq\" \"a\" \"1\" { }", "needs require")]
    [InlineData("index: if header :last \"a\" \"1\" { }", ":last goes with")]
    [InlineData("index: if header :index 0 \"a\" \"1\" { }", "counts from 1")]
    [InlineData("index: if exists :index 1 \"a\" { }", "no tag")]
    [InlineData("date: if date \"date\" \"century\" \"20\" { }", "no part")]
    [InlineData("date: if date :zone \"CET\" \"date\" \"year\" \"20\" { }", "no time zone")]
    [InlineData("date: if date :zone \"+0100\" :originalzone \"date\" \"year\" \"20\" { }", "twice")]
    [InlineData("date: if currentdate :originalzone \"year\" \"20\" { }", "no tag")]
    [InlineData("date: if date [\"date\"] \"year\" \"20\" { }", "wants a string here")]
    [InlineData("date: if date :index 1 \"date\" \"year\" \"20\" { }", "needs require")]
    // regex
    [InlineData("regex: if header :regex \"a\" \"b(\" { }", "no )")]
    [InlineData("regex: if header :regex \"a\" [\"b\", \"[a\"] { }", "no ]")]
    [InlineData("regex: if header :regex \"a\" \"*\" { }", "regular expression")]
    [InlineData("regex: if header :regex \"a\" \"a{3,1}\" { }", "smaller first")]
    [InlineData("regex: if header :regex \"a\" \"(a)\\\\1\" { }", "back references")]
    // RFC 5232, 5490, 8579, 9042, 3894
    [InlineData(": keep :flags \"a\";", "needs require")]
    [InlineData("imap4flags: setflag;", "takes")]
    [InlineData("imap4flags: setflag \"v\" \"\\\\Seen\";", "needs require \"variables\"")]
    [InlineData("imap4flags variables: setflag \"a b\" \"\\\\Seen\";", "no name of a variable")]
    [InlineData("imap4flags: keep :flags 1;", "followed by")]
    [InlineData("fileinto: fileinto :create \"A\";", "needs require \"mailbox\"")]
    [InlineData("fileinto: fileinto :copy \"A\";", "needs require \"copy\"")]
    [InlineData(": redirect :copy \"a@example.org\";", "needs require \"copy\"")]
    [InlineData("fileinto special-use: fileinto :specialuse \"Junk\" \"A\";", "no special use")]
    [InlineData("fileinto special-use mailboxid: fileinto :specialuse \"\\\\Junk\" :mailboxid \"x\" \"A\";", "twice")]
    [InlineData("special-use: if specialuse_exists \"Junk\" { }", "no special use")]
    // RFC 5230, 6131, 5429, 8580, 5435
    [InlineData("vacation: vacation;", "takes a string")]
    [InlineData("vacation: vacation :days \"1\" \"x\";", "followed by a number")]
    [InlineData("vacation: vacation :seconds 1 \"x\";", "needs require")]
    [InlineData("vacation-seconds: vacation :seconds 1 :days 1 \"x\";", "twice")]
    [InlineData("vacation: vacation :from \"nobody\" \"x\";", "no mail address")]
    [InlineData("vacation: vacation :addresses [\"a@example.org\", \"nobody\"] \"x\";", "no mail address")]
    [InlineData("vacation: vacation :fcc \"Sent\" \"x\";", "needs require \"fcc\"")]
    [InlineData("vacation fcc mailbox: vacation :create \"x\";", "goes with :fcc")]
    [InlineData("reject: ereject \"x\";", "needs require \"ereject\"")]
    [InlineData("reject: reject;", "takes a string")]
    [InlineData("enotify: notify \"nothing:x\";", "no method")]
    [InlineData("enotify: notify \"mailto:a@example.org\" \"x\";", "takes a string")]
    [InlineData("enotify: notify :importance \"4\" \"mailto:a@example.org\";", "the importance")]
    [InlineData("enotify: notify :from \"x\" \"mailto:a@example.org\";", "no mail address")]
    // RFC 5293, 5703, 5463, 5235, 7352, 6134
    [InlineData("editheader: addheader \"a b\" \"x\";", "no name of a header field")]
    [InlineData("editheader: addheader \"a\";", "takes a string, a string")]
    [InlineData("editheader: deleteheader :last \"a\";", ":last goes with")]
    [InlineData("editheader: deleteheader :index 0 \"a\";", "counts from 1")]
    [InlineData("foreverypart: break;", "inside foreverypart")]
    [InlineData("foreverypart: foreverypart :name \"a\" { break :name \"b\"; }", "called `b`")]
    [InlineData("foreverypart: foreverypart;", "has a block")]
    [InlineData("extracttext variables: extracttext \"a\";", "inside foreverypart")]
    [InlineData("extracttext foreverypart: foreverypart { extracttext \"a\"; }", "needs require \"variables\"")]
    [InlineData("mime: if header :anychild \"a\" \"b\" { }", "goes with :mime")]
    [InlineData("mime: if header :mime :type :subtype \"a\" \"b\" { }", "twice")]
    [InlineData(": if header :mime \"a\" \"b\" { }", "needs require \"mime\"")]
    [InlineData("enclose: enclose :headers \"a b\" \"x\";", "no name of a header field")]
    [InlineData("replace: replace :from \"nobody\" \"x\";", "no mail address")]
    [InlineData("ihave variables: if ihave \"${x}\" { }", "hold no variables")]
    [InlineData(": if ihave \"x\" { }", "needs require \"ihave\"")]
    [InlineData(": error \"x\";", "needs require \"ihave\"")]
    [InlineData(": if false { nothing; }", "no command `nothing`")]
    [InlineData(": if true { keep; } else { nothing; }", "no command `nothing`")]
    [InlineData("spamtest: if spamtest :percent \"1\" { }", "needs require \"spamtestplus\"")]
    [InlineData("duplicate: if duplicate :header \"a\" :uniqueid \"b\" { }", "twice")]
    [InlineData("duplicate: if duplicate :header \"a b\" { }", "no name of a header field")]
    [InlineData("duplicate: if duplicate \"x\" { }", "takes no arguments")]
    [InlineData(": if header :list \"a\" \"b\" { }", "needs require \"extlists\"")]
    [InlineData("body: if body :raw :text \"x\" { }", "twice")]
    [InlineData("body: if body :content \"x\" { }", "takes a string")]
    [InlineData("encoded-character: if header \"a\" \"${unicode:D800}\" { }", "no Unicode character")]
    [InlineData("encoded-character: if header \"a\" \"${unicode:110000}\" { }", "no Unicode character")]
    [InlineData("envelope: if envelope \"notify\" \"x\" { }", "needs require \"envelope-dsn\"")]
    public void What_is_wrong_is_said(string script, string words)
    {
        var compiled = Compile(script);
        Assert.Null(compiled.Script);
        Assert.NotEmpty(compiled.Errors);
        Assert.Contains(words, compiled.Errors[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(":")]
    [InlineData(": if header \"a b\" \"c\" { }")]
    [InlineData(": if header \"a:\" \"c\" { }")]
    [InlineData(": \t\r\n # comment only")]
    [InlineData(": /* a # b */ keep; # /* not a comment\n")]
    [InlineData(": /* * / ** /// */ KEEP;")]
    [InlineData(": If Not TRUE { } ElsIf False { } Else { }")]
    [InlineData(": if size :over 4G { } if size :UNDER 0 { }")]
    [InlineData(": if size :over 18446744073709551615 { }")]
    [InlineData(": redirect \"Bob Example <bob@example.org>\";")]
    [InlineData(": redirect \"\\\"b c\\\"@example.org\";")]
    [InlineData(": if header \"a\" text: # comment\r\n..\r\n.\r\n{ }")]
    [InlineData(": if header \"a\" \"multi\nline \\q\\\\\" { }")]
    [InlineData(": if address :comparator \"i;octet\" :domain :contains [\"Resent-From\", \"Delivered-To\"] [\"a\", \"b\"] { }")]
    [InlineData("comparator-i;octet comparator-i;ascii-casemap: keep;")]
    [InlineData("fileinto fileinto: fileinto \"ümläut/Sub\";")]
    [InlineData("vacation: vacation :mime :days 1 :subject \"a\" :handle \"h\" :addresses \"a@example.org\" text:\nContent-Type: text/plain\n\nx\n.\n;")]
    [InlineData("ihave: if ihave \"no-such\" { nothing :x [\"a\"] 1 { more; } }")]
    [InlineData("include variables: include :once :optional :global \"a\"; global [\"a\", \"b\"]; set \"a\" \"1\"; set \"global.c\" \"${global.a}\";")]
    [InlineData("variables: set \"a\" \"${a.}${.a}${a b}${}\";")]
    [InlineData("imap4flags: if hasflag [\"a\", \"b\"] { } removeflag [\"x\"]; keep :flags [\"\\\\Seen\"];")]
    [InlineData("spamtestplus: if spamtest :percent \"1\" { }")]
    [InlineData("foreverypart: foreverypart :name \"a\" { foreverypart { break :name \"a\"; } }")]
    public void What_is_right_is_taken(string script) => Assert.Empty(Compile(script).Errors);

    [Theory]
    [InlineData(15)]
    [InlineData(32)]
    public void Blocks_and_tests_nest(int depth)
    {
        Assert.Empty(SieveCompiler.Compile(string.Concat(Enumerable.Repeat("if true {", depth)) + new string('}', depth)).Errors);
        Assert.Empty(SieveCompiler.Compile("if " + string.Concat(Enumerable.Repeat("not ", depth - 1)) + "true { }").Errors);
        Assert.Empty(SieveCompiler.Compile(
            "if " + string.Concat(Enumerable.Repeat("anyof (", depth - 1)) + "true" + new string(')', depth - 1) + "{ }").Errors);
    }

    [Fact]
    public void Deeper_is_refused()
    {
        Assert.Contains("nested", SieveCompiler.Compile(
            string.Concat(Enumerable.Repeat("if true {", 33)) + new string('}', 33)).Errors[0].Text, StringComparison.Ordinal);
        Assert.Contains("nested", SieveCompiler.Compile(
            "if " + string.Concat(Enumerable.Repeat("not ", 100_000)) + "true { }").Errors[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void More_variables_than_there_may_be_are_refused()
    {
        static string Sets(int count) => "variables:" + string.Concat(Enumerable.Range(0, count).Select(i => $"set \"v{i}\" \"x\";"));
        Assert.Empty(Compile(Sets(255)).Errors);
        Assert.Single(Compile(Sets(300)).Errors);
    }

    [Fact]
    public void Every_bad_test_of_a_list_is_said() =>
        Assert.Equal(3, SieveCompiler.Compile("if anyof (header \"a\", size 1, nothing) { } keep;").Errors.Count);

    [Theory]
    [InlineData("if size :over 10KB { kep; } elsif true { discrd; } else { stop; }", 3)]
    [InlineData("require [\"fileinto\" \"copy\"]; fileinto :copy \"A\";", 1)]
    [InlineData("if header \"a\" [\"b\" { keep; } else { kep; }", 2)]
    [InlineData("keep\nkep;\nstp;", 2)]
    [InlineData("require \"foreverypart\"; foreverypart 1x { break; }", 1)]
    public void One_slip_is_one_error(string script, int errors)
    {
        var compiled = SieveCompiler.Compile(script);
        Assert.True(compiled.Errors.Count == errors, string.Join('\n', compiled.Errors));
    }

    [Fact]
    public void A_flag_that_is_none_is_warned_of() =>
        Assert.Contains("`\\Odd` is no flag", Compile("imap4flags: setflag [\"\\\\Seen\", \"ok \\\\Odd\"];").Warnings[0].Text,
            StringComparison.Ordinal);

    private static SieveCompilation Compile(string script)
    {
        var colon = script.IndexOf(':', StringComparison.Ordinal);
        var names = script[..colon].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var require = names.Length == 0 ? "" : $"require [{string.Join(", ", names.Select(n => $"\"{n}\""))}];\n";
        return SieveCompiler.Compile(require + script[(colon + 1)..]);
    }
}
