using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 9404 and the ids of blobs.</summary>
public sealed class BlobMethodTests
{
    private const string Message = """
        From: a@example.test
        Subject: parts
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=b

        --b
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        H=C3=BC=
        !
        --b
        Content-Type: application/octet-stream
        Content-Transfer-Encoding: base64

        AAEC/w==
        --b--
        """;

    [Theory]
    [InlineData("m0000000000001", true)]
    [InlineData("u0000000000001", true)]
    [InlineData("p0000000000001-1-2", true)]
    [InlineData("u0000000000001-1-2", true)]
    [InlineData("m0000000000001-1", false)]
    [InlineData("p0000000000001", false)]
    [InlineData("p0000000000001-", false)]
    [InlineData("p0000000000001-01", false)]
    [InlineData("p0000000000001-1-", false)]
    [InlineData("p0000000000001-1.2", false)]
    [InlineData("M0000000000001", false)]
    [InlineData("m000000000000A", false)]
    [InlineData("m00000000000011", false)]
    [InlineData("x0000000000001", false)]
    [InlineData("", false)]
    public void Ids_have_one_spelling(string text, bool isId)
    {
        Assert.Equal(isId, BlobId.TryParse(text, out var id));
        if (isId) Assert.Equal(text, id.ToString());
    }

    [Fact]
    public async Task A_message_and_its_parts_are_blobs()
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Message);
        var (whole, text, octets) = (BlobId.OfEmail(email), BlobId.OfPart(email, "1"), BlobId.OfPart(email, "2"));
        var ids = string.Join("\",\"", whole, text, octets, BlobId.OfPart(email, "3"), "x");
        var answer = await scene.OneAsync("Blob/get", $"\"ids\":[\"{ids}\"]");
        var list = answer.GetProperty("list");
        Assert.Contains("Subject: parts\r\n", list[0].GetProperty("data:asText").GetString());
        Assert.Equal("Hü!", list[1].GetProperty("data:asText").GetString());
        Assert.Equal(4, list[1].GetProperty("size").GetInt64());
        Assert.Equal("AAEC/w==", list[2].GetProperty("data:asBase64").GetString());
        Assert.True(list[2].GetProperty("isEncodingProblem").GetBoolean());
        Assert.Equal($"[\"{BlobId.OfPart(email, "3")}\",\"x\"]", answer.GetProperty("notFound").GetRawText());
    }

    [Fact]
    public async Task An_uploaded_message_is_parsed_and_its_parts_are_blobs()
    {
        await using var scene = await JmapScene.OpenAsync();
        using var octets = new MemoryStream(Encoding.UTF8.GetBytes(Message.ReplaceLineEndings("\r\n")));
        using var kept = await scene.Server.UploadAsync(scene.Alice, scene.Account.ToString(), "message/rfc822", octets, default);
        var upload = JsonDocument.Parse(kept.Body).RootElement.GetProperty("blobId").GetString();
        var answer = await scene.OneAsync("Email/parse", $"\"blobIds\":[\"{upload}\"],\"properties\":[\"subject\",\"attachments\"]");
        var parsed = answer.GetProperty("parsed").GetProperty(upload ?? "");
        Assert.Equal("parts", parsed.GetProperty("subject").GetString());
        var part = parsed.GetProperty("attachments")[0].GetProperty("blobId").GetString();
        var got = await scene.OneAsync("Blob/get", $"\"ids\":[\"{part}\",\"{upload}-9\"]");
        Assert.Equal("AAEC/w==", got.GetProperty("list")[0].GetProperty("data:asBase64").GetString());
        Assert.Equal($"[\"{upload}-9\"]", got.GetProperty("notFound").GetRawText());
        // A part is no message; it says so and is not made one.
        answer = await scene.OneAsync("Email/parse", $"\"blobIds\":[\"{part}\"]");
        Assert.Equal($"[\"{part}\"]", answer.GetProperty("notParsable").GetRawText());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_login_may_not_read_is_no_blob_for_it(bool isForSomeMailboxes)
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = BlobId.OfEmail(await scene.AppendAsync(Message)).ToString();
        var login = scene.Alice with
        {
            Scope = isForSomeMailboxes ? new() { Name = "some", Mailboxes = ["Archive"] } : new() { Name = "search", SearchOnly = true },
        };
        Assert.Null(await scene.Server.DownloadAsync(login, scene.Account.ToString(), email, default));
        foreach (var method in (string[])["Blob/get", "Blob/lookup"])
        {
            var types = method == "Blob/lookup" ? ",\"typeNames\":[\"Email\"]" : "";
            var answer = await scene.OneAsync(method, $"\"ids\":[\"{email}\"]{types}", login);
            Assert.Equal($"[\"{email}\"]", answer.GetProperty("notFound").GetRawText());
        }
        if (!login.MayChange) return;
        var made = await scene.OneAsync("Blob/upload", $$$"""
            "create":{"k":{"data":[{"blobId":"{{{email}}}"}]}}
            """, login);
        Assert.Equal("blobNotFound", made.GetProperty("notCreated").GetProperty("k").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Uploads_are_made_of_texts_base64_and_pieces_of_blobs()
    {
        await using var scene = await JmapScene.OpenAsync();
        var answers = await scene.CallAsync("""
            ["Blob/upload",{"accountId":"ACCOUNT","create":{"a":{"data":[{"data:asText":"The quick brown fox jumped"},
            {"data:asBase64":"IG92ZXI="}],"type":"text/plain"}}},"0"],
            ["Blob/upload",{"accountId":"ACCOUNT","create":{"b":{"data":[{"data:asText":"A "},{"blobId":"#a","offset":4,"length":5},
            {"blobId":"#a","offset":26}]}}},"1"],
            ["Blob/get",{"accountId":"ACCOUNT","ids":["#b"],"properties":["data:asText","size","digest:sha-256","digest:sha"]},"2"]
            """);
        var made = answers[0][1].GetProperty("created").GetProperty("a");
        Assert.Equal("text/plain", made.GetProperty("type").GetString());
        Assert.Equal(31, made.GetProperty("size").GetInt64());
        Assert.Equal(JsonValueKind.Null, answers[0][1].GetProperty("notCreated").ValueKind);
        var got = answers[2][1].GetProperty("list")[0];
        Assert.Equal("A quick over", got.GetProperty("data:asText").GetString());
        Assert.Equal(Convert.ToBase64String(SHA256.HashData("A quick over"u8)), got.GetProperty("digest:sha-256").GetString());
        Assert.Equal(Convert.ToBase64String(SHA1.HashData("A quick over"u8)), got.GetProperty("digest:sha").GetString());
    }

    [Theory]
    [InlineData("""{"data":1}""", "invalidProperties")]
    [InlineData("""{}""", "invalidProperties")]
    [InlineData("""{"data":[],"other":1}""", "invalidProperties")]
    [InlineData("""{"data":[],"type":1}""", "invalidProperties")]
    [InlineData("""{"data":[1]}""", "invalidProperties")]
    [InlineData("""{"data":[{}]}""", "invalidProperties")]
    [InlineData("""{"data":[{"data:asText":"a","data:asBase64":"YQ=="}]}""", "invalidProperties")]
    [InlineData("""{"data":[{"data:asText":"a","offset":0}]}""", "invalidProperties")]
    [InlineData("""{"data":[{"data:asBase64":"*"}]}""", "invalidProperties")]
    [InlineData("""{"data":[{"blobId":"#none"}]}""", "blobNotFound")]
    [InlineData("""{"data":[{"blobId":"u0000000000001"}]}""", "blobNotFound")]
    [InlineData("""{"data":[{"data:asText":"0123456789012345678901234567890"}]}""", "tooLarge")]
    public async Task What_cannot_be_made_says_why(string upload, string error)
    {
        await using var scene = await JmapScene.OpenAsync(new JmapLimits { MaxSizeUpload = 30 });
        var answer = await scene.OneAsync("Blob/upload", $"\"create\":{{\"a\":{upload}}}");
        Assert.Equal(error, answer.GetProperty("notCreated").GetProperty("a").GetProperty("type").GetString());
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("created").ValueKind);
    }

    [Fact]
    public async Task A_range_that_ends_beyond_the_blob_is_refused_in_uploads_and_cut_in_gets()
    {
        await using var scene = await JmapScene.OpenAsync();
        var answers = await scene.CallAsync("""
            ["Blob/upload",{"accountId":"ACCOUNT","create":{"a":{"data":[{"data:asText":"0123"}]},
            "b":{"data":[{"blobId":"#a","offset":1,"length":4}]}}},"0"],
            ["Blob/get",{"accountId":"ACCOUNT","ids":["#a"],"offset":2,"length":9},"1"],
            ["Blob/get",{"accountId":"ACCOUNT","ids":["#a"],"offset":9,"properties":["data:asText"]},"2"],
            ["Blob/get",{"accountId":"ACCOUNT","ids":["#a"],"offset":1,"length":2},"3"]
            """);
        Assert.Equal("invalidProperties", answers[0][1].GetProperty("notCreated").GetProperty("b").GetProperty("type").GetString());
        Assert.Equal(("23", 4, true), Got(answers[1]));
        Assert.Equal("", answers[2][1].GetProperty("list")[0].GetProperty("data:asText").GetString());
        Assert.True(answers[2][1].GetProperty("list")[0].GetProperty("isTruncated").GetBoolean());
        Assert.Equal(("12", 4, false), Got(answers[3]));

        static (string?, long, bool) Got(JsonElement answer)
        {
            var one = answer[1].GetProperty("list")[0];
            var isTruncated = one.TryGetProperty("isTruncated", out _);
            return (one.GetProperty("data:asText").GetString(), one.GetProperty("size").GetInt64(), isTruncated);
        }
    }

    [Fact]
    public async Task A_text_that_is_none_is_null_and_said()
    {
        await using var scene = await JmapScene.OpenAsync();
        var answers = await scene.CallAsync("""
            ["Blob/upload",{"accountId":"ACCOUNT","create":{"a":{"data":[{"data:asBase64":"w7zDvA=="}]}}},"0"],
            ["Blob/get",{"accountId":"ACCOUNT","ids":["#a"],"length":3,"properties":["data:asText"]},"1"],
            ["Blob/get",{"accountId":"ACCOUNT","ids":["#a"],"length":3,"properties":["data:asBase64"]},"2"]
            """);
        var one = answers[1][1].GetProperty("list")[0];
        Assert.Equal(JsonValueKind.Null, one.GetProperty("data:asText").ValueKind);
        Assert.True(one.GetProperty("isEncodingProblem").GetBoolean());
        Assert.False(answers[2][1].GetProperty("list")[0].TryGetProperty("isEncodingProblem", out _));
    }

    [Fact]
    public async Task A_lookup_finds_the_email_and_thread_of_a_blob()
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Message);
        var upload = await scene.Rooms.Blobs.Uploads.KeepAsync(scene.Account, new MemoryStream(Encoding.UTF8.GetBytes("x")), default);
        var free = BlobId.OfUpload(upload?.Id ?? 0);
        var answer = await scene.OneAsync(
            "Blob/lookup", $"\"typeNames\":[\"Email\",\"Thread\"],\"ids\":[\"{BlobId.OfPart(email, "2")}\",\"{free}\",\"none\"]");
        var thread = (await scene.Store.Store.EmailsAsync(scene.Account, [email], default))[0]?.Thread.ToString();
        var list = answer.GetProperty("list");
        Assert.Equal($$$$"""{"Email":["{{{{email}}}}"],"Thread":["{{{{thread}}}}"]}""", list[0].GetProperty("matchedIds").GetRawText());
        Assert.Equal("""{"Email":[],"Thread":[]}""", list[1].GetProperty("matchedIds").GetRawText());
        Assert.Equal("""["none"]""", answer.GetProperty("notFound").GetRawText());
        Assert.Equal("unknownDataType", await scene.ErrorAsync("Blob/lookup", "\"typeNames\":[\"Email\",\"Foo\"],\"ids\":[]"));
    }

    [Theory]
    [InlineData("Blob/get", """ "ids":null""", "invalidArguments")]
    [InlineData("Blob/get", """ "ids":[],"properties":["digest:md5"]""", "invalidArguments")]
    [InlineData("Blob/get", """ "ids":[],"offset":-1""", "invalidArguments")]
    [InlineData("Blob/upload", "", "invalidArguments")]
    [InlineData("Blob/copy", """ "fromAccountId":"x","blobIds":[]""", "fromAccountNotFound")]
    [InlineData("Blob/copy", """ "fromAccountId":"ACCOUNT","blobIds":[]""", "invalidArguments")]
    public async Task Wrong_arguments_are_refused(string method, string arguments, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        Assert.Equal(error, await scene.ErrorAsync(method, arguments.Trim()));
    }

    [Fact]
    public async Task Another_account_sees_none_of_it()
    {
        await using var scene = await JmapScene.OpenAsync();
        var email = await scene.AppendAsync(Message);
        var (bob, _) = await scene.Store.AccountAsync("bob@example.test");
        foreach (var id in (BlobId[])[BlobId.OfEmail(email), BlobId.OfPart(email, "1")])
        {
            using var blob = await scene.Rooms.Blobs.OpenAsync(new(bob, "bob@example.test"), bob, id.ToString(), default);
            Assert.Null(blob);
        }
    }
}
