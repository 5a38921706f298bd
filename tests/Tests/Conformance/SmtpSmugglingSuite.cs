using System.Text;
using System.Text.Json;
using Aviso.Tests.Unit.Smtp;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite smtp-smuggling: what is not CR LF "." CR LF ends no message, in DATA and in BDAT, and no command hides behind
/// another.</summary>
public sealed class SmtpSmugglingSuite
{
    private const string Open = "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.test>\r\n";
    private const string Second = "MAIL FROM:<evil@b.example>\r\nRCPT TO:<d@example.test>\r\nDATA\r\nevil\r\n.\r\n";

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(7)]
    [InlineData(1)]
    public async Task Only_crlf_dot_crlf_ends_data(int piece)
    {
        var cases = Read().GetProperty("not_end_of_data").EnumerateArray().ToList();
        Assert.Equal(19, cases.Count);
        foreach (var test in cases)
        {
            var text = "line" + Text(test) + Second;
            var host = new SmtpHost();
            var replies = await Talk(host, Open + "DATA\r\n" + text + "QUIT\r\n", piece);
            // The smuggled text ends where its own "." stands; the QUIT behind it is the first command again.
            Assert.Equal(["354", "MESSAGE", "221"], replies.Skip(4).Select(r => r.StartsWith("250 2.0.0 Accepted", StringComparison.Ordinal)
                || r.StartsWith("550 5.6.0", StringComparison.Ordinal) ? "MESSAGE" : r[..3]));
            AssertOneOrNone(host, text[..^3], stuffed: true);
        }
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    public async Task The_same_octets_in_a_chunk_are_refused_or_kept_as_they_are(int piece)
    {
        foreach (var test in Read().GetProperty("not_end_of_data").EnumerateArray())
        {
            foreach (var cut in Enumerable.Range(0, 6))
            {
                var text = "line" + Text(test) + "evil\r\n";
                var host = new SmtpHost();
                var replies = await Talk(host, Open
                    + $"BDAT {cut + 2}\r\n{text[..(cut + 2)]}BDAT {text.Length - cut - 2} LAST\r\n{text[(cut + 2)..]}QUIT\r\n", piece);
                Assert.Equal("221", replies[^1][..3]);
                Assert.Equal(7, replies.Count);
                AssertOneOrNone(host, text, stuffed: false);
            }
        }
    }

    [Fact]
    public async Task The_end_of_data_itself_is_data_in_a_chunk()
    {
        var host = new SmtpHost();
        await Talk(host, Open + "BDAT 9 LAST\r\na\r\n.\r\nb\r\nQUIT\r\n", int.MaxValue);
        Assert.Equal("a\r\n.\r\nb\r\n", Assert.Single(host.Taken).Text);
    }

    [Theory]
    [InlineData("bare-lf-command", "521 5.5.2")]
    [InlineData("starttls-injection", "503 5.5.1 Octets in clear")]
    [InlineData("pipelined-after-data", "503 5.5.1 Send MAIL FROM first|421 4.7.0 Octets sent before")]
    [InlineData("auth-crlf", "500 5.5.2")]
    public async Task No_command_hides_behind_another(string id, string wanted)
    {
        var test = Read().GetProperty("commands").EnumerateArray().Single(c => c.GetProperty("id").GetString() == id);
        Assert.Equal(4, Read().GetProperty("commands").GetArrayLength());
        var host = new SmtpHost();
        var replies = (await Talk(host, "EHLO x\r\n" + Text(test), int.MaxValue, tls: true)).Skip(2).ToList();
        Assert.Equal(wanted.Split('|').Length, replies.Count);
        Assert.All(replies.Zip(wanted.Split('|')), pair => Assert.StartsWith(pair.Second, pair.First));
        Assert.Empty(host.Taken);
    }

    [Fact]
    public async Task A_message_sent_ahead_of_the_354_is_one_message()
    {
        var test = Read().GetProperty("commands").EnumerateArray().Single(c => c.GetProperty("id").GetString() == "pipelined-after-data");
        var host = new SmtpHost();
        var replies = await Talk(host, Open + Text(test), int.MaxValue);
        Assert.Equal(["354", "250", "250"], replies.Skip(4).Select(r => r[..3]));
        Assert.Equal("Subject: x\r\n\r\nx\r\n", Assert.Single(host.Taken).Text);
    }

    // Bare CR, LF and NUL are refused; anything else is kept, and no second envelope comes of it.
    private static void AssertOneOrNone(SmtpHost host, string text, bool stuffed)
    {
        var octets = text.Replace("\r\n", "", StringComparison.Ordinal);
        if (octets.AsSpan().ContainsAny('\r', '\n', '\0')) Assert.Empty(host.Taken);
        else Assert.Equal(stuffed ? Unstuffed(text) : text, Assert.Single(host.Taken).Text);
        Assert.DoesNotContain(host.Taken, t => t.Transaction.Sender.LocalPart == "evil");
    }

    private static string Unstuffed(string text) => string.Join("\r\n", text.Split("\r\n").Select(l => l.StartsWith('.') ? l[1..] : l));

    private static async Task<List<string>> Talk(SmtpHost host, string text, int piece, bool tls = false)
    {
        await using var pair = host.Connect(certificates: tls);
        var run = SmtpSessionTests.Serve(host, pair);
        var client = new SmtpPeer(pair);
        var octets = Encoding.Latin1.GetBytes(text);
        await pair.SendInPiecesAsync(octets, piece);
        await pair.FinishAsync();
        var replies = new List<string>();
        while (await client.ReadLineAsync() is { } line) if (line[3] == ' ') replies.Add(line);
        await run.WaitAsync(TimeSpan.FromSeconds(30));
        return replies;
    }

    private static string Text(JsonElement test) => Encoding.Latin1.GetString(Convert.FromHexString(test.GetProperty("hex").GetString()!));

    private static JsonElement Read() =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Suites.Find("smtp-smuggling"), "sequences.json"))).RootElement;
}
