using System.Text.Json;
using Aviso.Jmap;
using Aviso.Tests.Fuzz;
using Aviso.Tests.Oracles;
using Aviso.Tests.Unit.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8621 §4.1.4: the tree of parts and the three lists made of it.</summary>
public sealed class BodyPartTests
{
    [Fact]
    public void Lists_are_those_of_the_example_of_the_rfc() => Lists("""
        multipart/mixed
         text/plain inline A
         multipart/mixed
          multipart/alternative
           multipart/mixed
            text/plain inline B
            image/jpeg inline C
            text/plain inline D
           multipart/related
            text/html - E
            image/jpeg - F
          image/jpeg attachment G
          application/x-excel - H
          message/rfc822 - J
         text/plain inline K
        """, "ABCDK", "AEK", "CFGHJ", has: true);

    [Fact]
    public void A_text_alone_is_in_both_lists() => Lists("text/plain - A", "A", "A", "", has: false);

    [Fact]
    public void Html_alone_is_in_both_lists() => Lists("text/html - A", "A", "A", "", has: false);

    [Fact]
    public void An_alternative_is_split() =>
        Lists(" multipart/alternative\n  text/plain - A\n  text/html - B\n  text/calendar - C", "A", "B", "C", has: true);

    [Fact]
    public void An_alternative_with_html_only_is_the_text_too() =>
        Lists("multipart/alternative\n multipart/related\n  text/html - A\n  image/png - B", "A", "A", "B", has: true);

    [Fact]
    public void What_a_related_holds_beside_its_first_part_is_attached() =>
        Lists("multipart/related\n text/html - A\n text/plain - B\n image/png inline C", "A", "A", "BC", has: true);

    [Fact]
    public void An_image_between_texts_is_shown() =>
        Lists("multipart/mixed\n text/plain - A\n image/png - B\n text/plain - C", "ABC", "ABC", "", has: false);

    [Fact]
    public void A_text_with_a_file_name_behind_the_first_part_is_attached() =>
        Lists("multipart/mixed\n text/plain - A\n text/plain named B", "A", "A", "B", has: true);

    [Fact]
    public void Texts_of_both_kinds_in_one_branch_of_an_alternative_are_not_lost() =>
        Lists("multipart/alternative\n multipart/mixed\n  text/plain - A\n  text/html - B\n  image/png - C", "A", "A", "BC", has: true);

    [Fact]
    public void An_alternative_within_a_branch_of_one_is_not_lost() =>
        Lists("multipart/alternative\n multipart/mixed\n  text/html - A\n  multipart/alternative\n   text/plain - B\n   text/html - C",
            "AC", "AC", "B", has: true);

    [Fact]
    public void A_picture_that_html_embeds_and_a_signature_are_nothing_to_download() => Lists(
        "multipart/signed\n multipart/related\n  text/html - A\n  image/png cid B\n application/pgp-signature named C", "A", "A", "BC",
            has: false);

    [Fact]
    public void Parts_have_the_numbers_of_imap_and_what_their_fields_say()
    {
        const string message = """
            Content-Type: multipart/mixed; boundary=b

            --b
            Content-Type: multipart/alternative; boundary=c

            --c

            one
            --c
            Content-Type: TEXT/html; charset=utf-8
            Content-Transfer-Encoding: base64
            Content-ID: (x) <1@x>
            Content-Language: de, en-GB
            Content-Location: http://example.org/a b

            PGI+YTwvYj4=
            --c--
            --b
            Content-Type: application/pdf; name="=?utf-8?q?=C3=BC?=.pdf"
            Content-Disposition: ATTACHMENT; filename*=utf-8''%C3%A4.pdf

            %PDF
            --b
            Content-Type: message/rfc822

            Content-Type: multipart/mixed; boundary=d

            --d

            inside
            --d--
            --b--
            """;
        var root = Rendering.Of(message, "bodyStructure").GetProperty("bodyStructure");
        Assert.Equal(JsonValueKind.Null, root.GetProperty("partId").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("blobId").ValueKind);
        Assert.Equal("multipart/mixed", root.GetProperty("type").GetString());
        var parts = root.GetProperty("subParts");
        Assert.Equal(3, parts.GetArrayLength());
        var (plain, html) = (parts[0].GetProperty("subParts")[0], parts[0].GetProperty("subParts")[1]);
        Expect(plain,
            """
            {"partId":"1.1","blobId":"blob-1.1","size":3,"name":null,"type":"text/plain","charset":"us-ascii",
            "disposition":null,"cid":null,"language":null,"location":null}
            """);
        Expect(html,
            """
            {"partId":"1.2","blobId":"blob-1.2","size":8,"name":null,"type":"text/html","charset":"utf-8",
            "disposition":null,"cid":"1@x","language":["de","en-GB"],"location":"http://example.org/ab"}
            """);
        Expect(parts[1],
            """
            {"partId":"2","blobId":"blob-2","size":4,"name":"ä.pdf","type":"application/pdf","charset":null,
            "disposition":"attachment","cid":null,"language":null,"location":null}
            """);
        Assert.Equal("message/rfc822", parts[2].GetProperty("type").GetString());
        Assert.False(parts[2].TryGetProperty("subParts", out _));
    }

    [Fact]
    public void Only_the_properties_asked_for_are_answered_and_header_fields_are_among_them()
    {
        var parts = BodyPartProperties.Parse(["type", "header:X-a", "subParts", "headers"], out _)!;
        var request = Rendering.Request("bodyStructure") with { Parts = parts };
        var part = Rendering.Of(Rendering.Octets("X-A: 1\nContent-Type: text/html\n\n"), request).GetProperty("bodyStructure");
        Expect(part,
            """
            {"type":"text/html","header:X-a":" 1","subParts":null,"headers":[{"name":"X-A",
            "value":" 1"},{"name":"Content-Type","value":" text/html"}]}
            """);
        Assert.Null(BodyPartProperties.Parse(["type", "header:From:asDate"], out var unknown));
        Assert.Equal("header:From:asDate", unknown);
    }

    [Fact]
    public void A_multipart_without_any_delimiter_shows_its_text()
    {
        var email = Rendering.Of("Content-Type: multipart/mixed; boundary=b\n\nhello\n", "textBody", "hasAttachment");
        var part = Assert.Single(email.GetProperty("textBody").EnumerateArray());
        Assert.Equal("1", part.GetProperty("partId").GetString());
        Assert.Equal("text/plain", part.GetProperty("type").GetString());
        Assert.Equal(7, part.GetProperty("size").GetInt32());
        Assert.False(email.GetProperty("hasAttachment").GetBoolean());
    }

    [Fact]
    public void Every_part_is_in_the_lists_it_belongs_to_whatever_the_message()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            foreach (var message in Mutator.Mutate(new MadeMessage(seed).Write(), 3, seed))
            {
                var root = BodyPart.Of(MimeScannerTests.Scan(message));
                var lists = BodyLists.Of(root);
                var leaves = Leaves(root).ToList();
                Assert.Equal(leaves.Count, leaves.Select(p => p.Id).Distinct().Count());
                // RFC 8621 §4.1.4, the definition of attachments.
                foreach (var part in leaves)
                {
                    var (text, html) = (lists.TextBody.Contains(part), lists.HtmlBody.Contains(part));
                    Assert.Equal((!text && !html) || (part.IsInlineMedia && !(text && html)), lists.Attachments.Contains(part));
                    Assert.Same(part, root.Find(part.Id!));
                }
            }
        }
    }

    private static IEnumerable<BodyPart> Leaves(BodyPart part) => part.IsMultipart ? part.SubParts.SelectMany(Leaves) : [part];

    private static void Expect(JsonElement part, string json)
    {
        using var expected = JsonDocument.Parse(json);
        Assert.True(JsonElement.DeepEquals(expected.RootElement, part), part.GetRawText());
    }

    /// <param name="structure">A line a part, indented by its depth: type, how it is marked, its letter.</param>
    private static void Lists(string structure, string text, string html, string attachments, bool has)
    {
        var lines = structure.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd()).ToList();
        var at = 0;
        var message = Entity(lines, ref at);
        var email = Rendering.Of(message, "textBody", "htmlBody", "attachments", "hasAttachment");
        string Letters(string list) =>
            string.Concat(email.GetProperty(list).EnumerateArray().Select(p => p.GetProperty("location").GetString()));
        Assert.Equal((text, html, attachments), (Letters("textBody"), Letters("htmlBody"), Letters("attachments")));
        Assert.Equal(has, email.GetProperty("hasAttachment").GetBoolean());
    }

    private static string Entity(List<string> lines, ref int at)
    {
        var depth = Depth(lines[at]);
        var words = lines[at++].Trim().Split(' ');
        if (words.Length > 1) return $"Content-Type: {words[0]}\nContent-Location: {words[2]}\n{Marks(words[1])}\nx\n";
        var boundary = $"b{at}b";
        var entity = $"Content-Type: {words[0]}; boundary={boundary}\n\n";
        while (at < lines.Count && Depth(lines[at]) > depth) entity += $"--{boundary}\n{Entity(lines, ref at)}";
        return $"{entity}--{boundary}--\n";
    }

    private static string Marks(string mark) => mark switch
    {
        "-" => "",
        "named" => "Content-Disposition: x; filename=x\n",
        "cid" => "Content-ID: <a@b>\n",
        _ => $"Content-Disposition: {mark}\n",
    };

    private static int Depth(string line) => line.Length - line.TrimStart().Length;
}
