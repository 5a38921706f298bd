using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Mime;

public sealed class MimeScannerTests
{
    private const string Nested = """
        From: a@example.org
        Content-Type: multipart/mixed; boundary="outer"

        preamble
        --outer
        Content-Type: multipart/alternative; boundary=inner

        --inner
        Content-Type: text/plain

        one
        two

        --inner
        Content-Type: text/html

        <p>one</p>
        --inner--
        inner epilogue
        --outer  
        Content-Type: message/rfc822

        Subject: embedded

        body
        --outer--
        epilogue

        """;

    public static TheoryData<string> LineEnds => ["\n", "\r\n"];

    [Theory, MemberData(nameof(LineEnds))]
    public void Tree_offsets_and_lines_are_those_of_the_octets(string lineEnd)
    {
        var message = Message(Nested, lineEnd);
        var root = Scan(message);
        Assert.Equal(2, root.Children.Count);
        var alternative = root.Children[0];
        var (plain, html) = (alternative.Children[0], alternative.Children[1]);
        Assert.Equal($"one{lineEnd}two{lineEnd}", Body(message, plain));
        Assert.Equal(2, plain.BodyLines);
        Assert.Equal("<p>one</p>", Body(message, html));
        Assert.Equal(0, html.BodyLines);
        Assert.StartsWith("--inner", Body(message, alternative));
        Assert.EndsWith("inner epilogue", Body(message, alternative));
        var embedded = root.Children[1];
        Assert.Equal("message/rfc822", $"{embedded.Type}/{embedded.Subtype}");
        Assert.Equal("body", Body(message, embedded.Message!));
        Assert.Equal($"Subject: embedded{lineEnd}{lineEnd}body", Body(message, embedded));
        Assert.Equal(message.Length, root.EndOffset);
    }

    [Theory]
    [InlineData("foo ", "--foo ", "--foo --", true)]
    [InlineData("foo ", "--foo", "--foo--", true)]
    [InlineData("foo\t", "--foo", "--foo\t--", true)]
    [InlineData("foo", "--foo", "--foo --", false)]
    public void A_boundary_that_ends_in_a_blank_ends_with_it(string boundary, string delimiter, string close, bool closed)
    {
        var root = Scan(Encoding.ASCII.GetBytes($"Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n{delimiter}\r\n\r\none\r\n{close}\r\nepilogue\r\n"));
        Assert.Equal(closed ? 3 : 3 + 2 + close.Length + 2 + 8 + 2, Assert.Single(root.Children).BodyLength);
    }

    [Fact]
    public void A_multipart_without_a_delimiter_shows_one_empty_part_at_its_end()
    {
        var message = "Content-Type: multipart/mixed; boundary=b\r\n\r\nno delimiter\r\n";
        var root = Scan(Encoding.ASCII.GetBytes(message));
        Assert.Empty(root.Children);
        var shown = Assert.Single(root.Shown);
        Assert.Equal((message.Length, 0L, 0L, "text", "plain"), ((int)shown.BodyOffset, shown.BodyLength, shown.HeaderLength, shown.Type, shown.Subtype));
        Assert.Equal("((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"mixed\")", Encoding.ASCII.GetString(ImapStructure.Body(root, false)).ToLowerInvariant().Replace("nil", "NIL"));
    }

    [Fact]
    public void A_boundary_of_an_outer_part_ends_all_inside_it()
    {
        var message = Message("""
            Content-Type: multipart/mixed; boundary=a

            --a
            Content-Type: multipart/mixed; boundary=b

            --b

            lost end
            --a

            second
            --a--
            """, "\r\n");
        var root = Scan(message);
        Assert.Equal(2, root.Children.Count);
        Assert.Equal("lost end", Body(message, root.Children[0].Children[0]));
        Assert.Equal("second", Body(message, root.Children[1]));
    }

    [Theory]
    [InlineData("--a", "")]
    [InlineData("--a--", "")]
    [InlineData("--ab\n--a", "--ab")]
    [InlineData("--\n--a", "--")]
    [InlineData("text --a\n--a \t\n", "text --a")]
    public void Only_a_whole_line_is_a_boundary(string after, string body)
    {
        var message = Encoding.ASCII.GetBytes($"Content-Type: multipart/mixed; boundary=a\n\n--a\n\n{after}");
        Assert.Equal(body, Body(message, Scan(message).Children[0]));
    }

    [Fact]
    public void A_boundary_inside_a_header_ends_it()
    {
        var message = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n--a\n\nx\n--a--\n"u8.ToArray();
        var root = Scan(message);
        Assert.Equal(["html", "plain"], root.Children.Select(c => c.Subtype));
        Assert.Equal(0, root.Children[0].BodyLength);
    }

    [Fact]
    public void Digest_parts_are_messages_by_default()
    {
        var root = Scan("Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: x\n\ny\n--a--\n"u8.ToArray());
        Assert.NotNull(root.Children[0].Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("Subject: x")]
    [InlineData("\0\r\r\0\n\n\r")]
    public void Odd_messages_are_one_text_part(string text)
    {
        var root = Scan(Encoding.Latin1.GetBytes(text));
        Assert.Equal("text/plain", $"{root.Type}/{root.Subtype}");
        Assert.Equal(text.Length, root.EndOffset);
    }

    [Fact]
    public void Depth_beyond_the_limit_is_one_opaque_part()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 10_000; i++) text.Append($"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n");
        var root = Scan(Encoding.ASCII.GetBytes(text.ToString()));
        Assert.True(root.LimitHit);
        var depth = 1;
        var part = root;
        for (; part.Children.Count > 0; part = part.Children[0]) depth++;
        Assert.Equal(MimeLimits.Default.Depth, depth);
        Assert.True(part.LimitHit);
        Assert.Contains("\"application\" \"octet-stream\"", Encoding.ASCII.GetString(ImapStructure.BodyStructure(root, false)));
    }

    [Fact]
    public void Parts_beyond_the_limit_are_one_opaque_part()
    {
        var text = "Content-Type: multipart/mixed; boundary=b\n\n" + string.Concat(Enumerable.Repeat("--b\n\nx\n", 10_000)) + "--b--\n";
        var message = Encoding.ASCII.GetBytes(text);
        var root = Scan(message);
        Assert.True(root.LimitHit);
        Assert.Equal(MimeLimits.Default.Parts, root.Children.Count);
        Assert.Equal(message.Length, root.Children[^1].EndOffset);
    }

    [Fact]
    public void A_header_beyond_the_limit_still_has_its_length()
    {
        var message = Encoding.ASCII.GetBytes($"A: {new string('x', 400_000)}\nContent-Type: text/html\n\nbody");
        var root = Scan(message);
        Assert.True(root.LimitHit);
        Assert.Equal("plain", root.Subtype);
        Assert.Equal("body", Body(message, root));
    }

    [Theory, MemberData(nameof(LineEnds))]
    public void Any_chunks_give_the_same_tree(string lineEnd)
    {
        var message = Message(Nested.Replace("one", new string('-', 3000) + "\r\r\n- x\n--"), lineEnd);
        var whole = PartIndex.Write(Scan(message));
        Assert.Equal(whole, PartIndex.Write(Scan(message, 1)));
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            Assert.Equal(whole, PartIndex.Write(Scan(message, () => random.Next(1, 40))));
        }
        var lines = new MimeScanner();
        foreach (var line in Lines(message)) lines.Append(line);
        Assert.Equal(whole, PartIndex.Write(lines.Finish()));
    }

    [Fact]
    public void Work_stays_linear_for_hostile_input()
    {
        var words = "Subject: " + string.Concat(Enumerable.Repeat("=?utf-8?q?a?= ", 20_000)) + "\n\n";
        var open = "X: " + string.Concat(Enumerable.Repeat("=?a?q?x", 37_000)) + "\n\n";
        var parameters = "Content-Type: a/b" + string.Concat(Enumerable.Range(0, 100_000).Select(i => $";p{i}=x")) + "\n\n";
        var comments = "From: " + new string('(', 250_000) + "\n\n";
        var addresses = "To: " + string.Concat(Enumerable.Repeat("a@b,", 60_000)) + "\n\n";
        var hyphens = "Content-Type: multipart/mixed; boundary=-\n\n" + string.Concat(Enumerable.Repeat("--\n", 1_000_000));
        foreach (var text in (string[])[words, open, parameters, comments, addresses, hyphens])
        {
            var message = Encoding.ASCII.GetBytes(text);
            ImapStructure.BodyStructure(Scan(message), false);
            ImapStructure.Envelope(message, false);
            foreach (var field in new HeaderFields(message.AsSpan(0, Math.Min(message.Length, 300_000)))) HeaderText.Decode(field.Value);
        }
        Assert.Equal(MimeLimits.Addresses, AddressList.Parse(Encoding.ASCII.GetBytes(addresses[4..])).Count);
    }

    internal static MimePart Scan(byte[] message, int chunk = int.MaxValue) => Scan(message, () => chunk);

    internal static MimePart Scan(byte[] message, Func<int> chunk)
    {
        var scanner = new MimeScanner();
        for (var at = 0; at < message.Length;)
        {
            var length = Math.Min(chunk(), message.Length - at);
            scanner.Append(message.AsSpan(at, length));
            at += length;
        }
        return scanner.Finish();
    }

    internal static IEnumerable<byte[]> Lines(byte[] message)
    {
        for (var at = 0; at < message.Length;)
        {
            var end = Array.IndexOf(message, (byte)'\n', at);
            var next = end < 0 ? message.Length : end + 1;
            yield return message[at..next];
            at = next;
        }
    }

    private static byte[] Message(string text, string lineEnd) => Encoding.Latin1.GetBytes(text.ReplaceLineEndings(lineEnd));

    private static string Body(byte[] message, MimePart part) =>
        Encoding.Latin1.GetString(message, (int)part.BodyOffset, (int)part.BodyLength);
}
