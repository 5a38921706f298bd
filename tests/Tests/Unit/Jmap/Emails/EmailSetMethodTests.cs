using System.Buffers;
using System.Text.Json;
using Aviso.Jmap;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap.Emails;

/// <summary>RFC 8621 §4.3, §4.6, §4.8 and §3: Email/changes, /set, /import and Thread/get, /changes.</summary>
public sealed class EmailSetMethodTests
{
    [Fact]
    public async Task A_draft_is_written_with_what_is_missing()
    {
        await using var s = await MailScene.OpenAsync();
        var made = await CreateAsync(s, """
            "keywords":{"$draft":true,"Work":true},"receivedAt":"2026-01-02T03:04:05Z",
            "from":[{"name":"Älice","email":"alice@example.test"}],
            "to":[{"name":null,"email":"bob@example.test"},{"email":"half"}],"subject":"Grüße","inReplyTo":["a@b"],
            "bodyValues":{"1":{"value":"Hello\nWörld"}},"textBody":[{"partId":"1","type":"text/plain"}]
            """);
        var text = await s.ReadAsync(made.GetProperty("id").GetString() ?? "");
        Assert.Contains("From: =?utf-8?", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("To: bob@example.test, half\r\n", text, StringComparison.Ordinal);
        Assert.Contains("In-Reply-To: <a@b>\r\n", text, StringComparison.Ordinal);
        Assert.Matches("(^|\n)Message-ID: <[^>]+@example.test>\r\n", text);
        Assert.Matches("(^|\n)Date: ", text);
        Assert.EndsWith("\r\n\r\nHello\r\nW=C3=B6rld", text, StringComparison.Ordinal);
        Assert.Equal(text.Length, made.GetProperty("size").GetInt32());
        var view = (await s.Store.ViewAsync(s.Account, s.Inbox, default))!;
        Assert.Equal((SystemFlags.Draft, 1767323045L), (view[0].Flags.System, view[0].InternalDate));
        Assert.Equal(["work"], view.Keywords);
    }

    [Fact]
    public async Task Text_html_inline_images_and_attachments_become_a_tree()
    {
        await using var s = await MailScene.OpenAsync();
        s.AddBlob("img", "\u0001PNG");
        s.AddBlob("doc", "plain text\r\n");
        var made = await CreateAsync(s, """
            "bodyValues":{"t":{"value":"text"},"h":{"value":"<img src=cid:i>"}},
            "textBody":[{"partId":"t","type":"text/plain"}],"htmlBody":[{"partId":"h","type":"text/html"}],
            "attachments":[{"blobId":"img","type":"image/png","cid":"i","disposition":"inline"},
                {"blobId":"doc","type":"text/plain","name":"läse mich.txt","language":["de"]}]
            """);
        var text = await s.ReadAsync(made.GetProperty("id").GetString() ?? "");
        var types = text.Split("\r\n").Where(line => line.StartsWith("Content-Type:", StringComparison.Ordinal))
            .Select(line => line[14..].Split(';')[0]);
        Assert.Equal(
            ["multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "text/plain"], types);
        Assert.Contains("Content-ID: <i>\r\n", text, StringComparison.Ordinal);
        Assert.Contains("AVBORw==\r\n", text, StringComparison.Ordinal);
        Assert.Contains("filename*=utf-8''l%C3%A4se%20mich.txt", text, StringComparison.Ordinal);
        Assert.Contains("Content-Language: de\r\n", text, StringComparison.Ordinal);
        Assert.Contains("\r\n\r\nplain text\r\n\r\n--", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_structure_is_written_as_it_is()
    {
        await using var s = await MailScene.OpenAsync();
        s.AddBlob("msg", "Subject: inner\r\n\r\ntext\r\n");
        var made = await CreateAsync(s, """
            "subject":"outer","header:X-List:asURLs":["https://a.test/x","mailto:b@c"],
            "header:X-Many:asText:all":["one","two"],"header:X-Raw":" folded\r\n here",
            "header:X-Group:asGroupedAddresses":[{"name":"G","addresses":[{"email":"a@b"},{"name":"C D","email":"c@d"}]},
                {"name":null,"addresses":[{"email":"e@f"}]}],
            "bodyValues":{"1":{"value":"x"}},
            "bodyStructure":{"type":"multipart/digest","header:X-Root":" r","subParts":[
                {"partId":"1","type":"text/calendar","header:Content-Description:asText":"a part"},
                {"blobId":"msg","type":"message/rfc822"}]}
            """);
        var text = await s.ReadAsync(made.GetProperty("id").GetString() ?? "");
        foreach (var line in (string[])[
            "X-List: <https://a.test/x>, <mailto:b@c>", "X-Many: one\r\nX-Many: two", "X-Raw: folded\r\n here",
            "X-Group: G: a@b, C D <c@d>;, e@f", "X-Root: r",
            "Content-Description: a part", "Content-Type: text/calendar; charset=us-ascii", "\r\nSubject: inner\r\n\r\ntext\r\n"])
            Assert.Contains(line + (line.EndsWith('\n') ? "" : "\r\n"), text, StringComparison.Ordinal);
        Assert.Contains("multipart/digest; boundary=", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'headers':[]", "headers")]
    [InlineData("'id':'x'", "id")]
    [InlineData("'preview':'x'", "preview")]
    [InlineData("'from':[{'email':'a@b'}],'header:from:asRaw':' x'", "from,header:from:asRaw")]
    [InlineData("'header:From:asDate':'2026-01-01T00:00:00Z'", "header:From:asDate")]
    [InlineData("'header:Subject:asAddresses':[]", "header:Subject:asAddresses")]
    [InlineData("'header:Content-Type':' text/plain'", "header:Content-Type")]
    [InlineData("'header:X':' a\\nb'", "header:X")]
    [InlineData("'header:X':' a\\r\\nEvil: b'", "header:X")]
    [InlineData("'header:X:asMessageIds':['a>b']", "header:X:asMessageIds")]
    [InlineData("'subject':7", "subject")]
    [InlineData("'sentAt':'yesterday'", "sentAt")]
    [InlineData("'from':{'email':'a@b'}", "from")]
    [InlineData("'receivedAt':'2026-01-01'", "receivedAt")]
    [InlineData("'keywords':{'a b':true}", "keywords")]
    [InlineData("'keywords':{'a':false}", "keywords")]
    [InlineData("'mailboxIds':{}", "mailboxIds")]
    [InlineData("'mailboxIds':{'nobody':true}", "mailboxIds")]
    [InlineData("'mailboxIds':{'0000000000007':true}", "mailboxIds")]
    [InlineData("'bodyStructure':{'partId':'1','type':'text/plain'},'bodyValues':{'1':{'value':''}},'textBody':[]", "textBody")]
    [InlineData("'subject':'a','bodyStructure':{'partId':'1','header:Subject':' b'},'bodyValues':{'1':{'value':''}}", "bodyStructure")]
    [InlineData("'textBody':[{'partId':'1','type':'text/html'}],'bodyValues':{'1':{'value':''}}", "textBody")]
    [InlineData("'textBody':[]", "textBody")]
    [InlineData("'htmlBody':[{'partId':'1','type':'text/plain'}],'bodyValues':{'1':{'value':''}}", "htmlBody")]
    [InlineData("'textBody':[{'partId':'1','type':'text/plain'}]", "textBody/0/partId")]
    [InlineData("'textBody':[{'partId':'1','blobId':'b','type':'text/plain'}],'bodyValues':{'1':{'value':''}}", "textBody/0")]
    [InlineData("'textBody':[{'partId':'1','charset':'utf-8','type':'text/plain'}],'bodyValues':{'1':{'value':''}}", "textBody/0/charset")]
    [InlineData("'textBody':[{'partId':'1','size':1,'type':'text/plain'}],'bodyValues':{'1':{'value':''}}", "textBody/0/size")]
    [InlineData("'attachments':[{'blobId':'b','headers':[]}]", "attachments/0/headers")]
    [InlineData("'attachments':[{'blobId':'b','header:content-transfer-encoding':' x'}]", "attachments/0/header:content-transfer-encoding")]
    [InlineData("'attachments':[{'blobId':'b','cid':'a','header:Content-ID':' <b>'}]", "attachments/0/cid,attachments/0/header:Content-ID")]
    [InlineData("'attachments':[{'blobId':'b','type':'not a type'}]", "attachments/0/type")]
    [InlineData("'attachments':[{'blobId':'b','disposition':'inline\\r\\nEvil: x'}]", "attachments/0/disposition")]
    [InlineData("'attachments':[{'blobId':'b','cid':'a>b'}]", "attachments/0/cid")]
    [InlineData("'attachments':[{'blobId':'b','location':'a b'}]", "attachments/0/location")]
    [InlineData("'attachments':[{'blobId':'b','language':['de',7]}]", "attachments/0/language")]
    [InlineData("'bodyStructure':{'type':'multipart/mixed','subParts':[]}", "bodyStructure/subParts")]
    [InlineData("'bodyValues':{'1':{'value':'','isTruncated':true}}", "bodyValues/1/isTruncated")]
    [InlineData("'colour':'red'", "colour")]
    public async Task A_draft_that_breaks_a_rule_is_rejected_with_the_property(string members, string properties)
    {
        await using var s = await MailScene.OpenAsync();
        s.AddBlob("b", "x");
        members = members.Replace('\'', '"');
        var mailbox = members.Contains("mailboxIds", StringComparison.Ordinal) ? "" : "\"mailboxIds\":{\"$INBOX\":true},";
        var answer = await s.CallAsync("Email/set", $$$$"""{"create":{"d":{{{{{mailbox}}}}{{{{members}}}}}}}""");
        var error = answer.GetProperty("notCreated").GetProperty("d");
        Assert.Equal("invalidProperties", error.GetProperty("type").GetString());
        Assert.Equal(properties, string.Join(',', error.GetProperty("properties").EnumerateArray().Select(one => one.GetString())));
        Assert.Equal(answer.GetProperty("oldState").GetString(), answer.GetProperty("newState").GetString());
    }

    [Fact]
    public async Task Missing_blobs_are_all_named_and_too_many_keywords_are_said()
    {
        await using var s = await MailScene.OpenAsync();
        var many = string.Join(',', Enumerable.Range(0, 129).Select(i => $"\"k{i}\":true"));
        var answer = await s.CallAsync("Email/set", $$$$"""
            {"create":{"b":{"mailboxIds":{"$INBOX":true},"attachments":[{"blobId":"x"},{"blobId":"y"},{"blobId":"x"}]},
            "k":{"mailboxIds":{"$INBOX":true},"keywords":{ {{{{many}}}} } } }}
            """);
        var errors = answer.GetProperty("notCreated");
        Assert.Equal("blobNotFound", errors.GetProperty("b").GetProperty("type").GetString());
        Assert.Equal("""["x","y"]""", errors.GetProperty("b").GetProperty("notFound").GetRawText());
        Assert.Equal("tooManyKeywords", errors.GetProperty("k").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Updates_patch_or_replace_and_destroys_destroy()
    {
        await using var s = await MailScene.OpenAsync();
        var (a, b, c) = (await s.Test.DeliverAsync(s.Account), await s.Test.DeliverAsync(s.Account), await s.Test.DeliverAsync(s.Account));
        var answer = await s.CallAsync("Email/set", $$$"""
            {"update":{"{{{a.Email}}}":{"keywords/$seen":true,"keywords/Later":true,"mailboxIds/$Archive":true},
            "{{{b.Email}}}":{"keywords":{"$flagged":true},"mailboxIds":{"$Trash":true},"id":"{{{b.Email}}}"},
            "nobody":{"keywords":{}},"{{{c.Email}}}":{"keywords":null}},"destroy":["{{{c.Email}}}","nobody"]}
            """);
        Assert.Equal([a.Email.ToString(), b.Email.ToString()], answer.GetProperty("updated").EnumerateObject().Select(one => one.Name));
        var errors = answer.GetProperty("notUpdated").EnumerateObject().Select(one => one.Value.GetProperty("type").GetString());
        Assert.Equal(["notFound", "willDestroy"], errors.Order());
        Assert.Equal($"""["{c.Email}"]""", answer.GetProperty("destroyed").GetRawText());
        Assert.Equal("notFound", answer.GetProperty("notDestroyed").GetProperty("nobody").GetProperty("type").GetString());
        var mail = (await s.Services.Mail.OfAsync(s.Account, default))!;
        Assert.True(mail.TryFind(a.Email, out var first) && mail.TryFind(b.Email, out var second));
        Assert.Equal(["$seen", "later"], mail.KeywordsOf(first));
        Assert.Equal(["Archive", "INBOX"], mail.MailboxesOf(first).Select(mailbox => mailbox.Info.Name).Order());
        mail.TryFind(b.Email, out second);
        Assert.Equal(["$flagged"], mail.KeywordsOf(second));
        Assert.Equal(["Trash"], mail.MailboxesOf(second).Select(mailbox => mailbox.Info.Name));
    }

    [Theory]
    [InlineData("""{"keywords/a b":true}""", "invalidProperties")]
    [InlineData("""{"keywords/x":false}""", "invalidProperties")]
    [InlineData("""{"mailboxIds":{}}""", "invalidProperties")]
    [InlineData("""{"mailboxIds":null}""", "invalidProperties")]
    [InlineData("""{"mailboxIds/$INBOX":null}""", "invalidProperties")]
    [InlineData("""{"mailboxIds/nobody":true}""", "invalidProperties")]
    [InlineData("""{"subject":"new"}""", "invalidProperties")]
    [InlineData("""{"keywords":{},"keywords/x":true}""", "invalidPatch")]
    [InlineData("""{"keywords/x/y":true}""", "invalidPatch")]
    public async Task An_update_that_may_not_be_changes_nothing(string patch, string type)
    {
        await using var s = await MailScene.OpenAsync();
        var email = (await s.Test.DeliverAsync(s.Account)).Email;
        var answer = await s.CallAsync("Email/set", $$$$"""{"update":{"{{{{email}}}}":{{{{patch}}}}}}""");
        Assert.Equal(type, answer.GetProperty("notUpdated").GetProperty(email.ToString()).GetProperty("type").GetString());
        Assert.Equal(answer.GetProperty("oldState").GetString(), answer.GetProperty("newState").GetString());
    }

    [Fact]
    public async Task What_is_created_can_be_changed_in_the_same_call_and_found_in_the_next()
    {
        await using var s = await MailScene.OpenAsync();
        var arguments = await s.FillAsync("""{"create":{"d":{"mailboxIds":{"$INBOX":true}}},"update":{"#d":{"keywords/$seen":true}}}""");
        var answers = await s.AnswersAsync($$$$"""
            ["Mailbox/set",{"accountId":"{{{{s.Account}}}}","create":{"m":{"name":"Made"}}},"0"],["Email/set",{{{{arguments}}}},"1"],
            ["Email/set",{"accountId":"{{{{s.Account}}}}","update":{"#d":{"mailboxIds/#m":true}}},"2"]
            """);
        Assert.Equal(JsonValueKind.Object, answers[1][1].GetProperty("updated").ValueKind);
        Assert.Equal(JsonValueKind.Object, answers[2][1].GetProperty("updated").ValueKind);
        var made = (await s.Store.FindMailboxAsync(s.Account, "Made", default))!;
        Assert.Equal((1, 0), (made.Exists, made.Unseen));
        Assert.Equal("stateMismatch", await s.ErrorAsync("Email/set", """{"ifInState":"1"}"""));
    }

    [Fact]
    public async Task An_import_is_the_blob_as_it_is()
    {
        await using var s = await MailScene.OpenAsync();
        const string Message = "Received: from x by y; Thu, 1 Jan 2026 00:00:00 +0000\r\nSubject: x\r\n\r\nbody\r\n";
        s.AddBlob("m", Message);
        s.AddBlob("empty", "");
        var answer = await s.CallAsync("Email/import", """
            {"emails":{"a":{"blobId":"m","mailboxIds":{"$INBOX":true,"$Archive":true},"keywords":{"$seen":true}},
            "b":{"blobId":"none","mailboxIds":{"$INBOX":true}},"c":{"blobId":"m","mailboxIds":{}},
            "d":{"blobId":"empty","mailboxIds":{"$INBOX":true}},"e":{"mailboxIds":{"$INBOX":true}},
            "f":{"blobId":"m","mailboxIds":{"$INBOX":true},"colour":1}}}
            """);
        var created = answer.GetProperty("created").GetProperty("a");
        Assert.Equal(Message, await s.ReadAsync(created.GetProperty("id").GetString() ?? ""));
        Assert.Equal(Message.Length, created.GetProperty("size").GetInt32());
        Assert.Equal(
            ["b invalidProperties", "c invalidProperties", "d invalidEmail", "e invalidProperties", "f invalidProperties"],
            answer.GetProperty("notCreated").EnumerateObject()
                .Select(one => $"{one.Name} {one.Value.GetProperty("type").GetString()}").Order());
        var view = (await s.Store.ViewAsync(s.Account, s.Inbox, default))!;
        Assert.Equal((1767225600L, SystemFlags.Seen), (view[0].InternalDate, view[0].Flags.System));
        Assert.False(answer.TryGetProperty("updated", out _));
        Assert.Equal("stateMismatch", await s.ErrorAsync("Email/import", """{"ifInState":"1","emails":{}}"""));
        Assert.Equal("invalidArguments", await s.ErrorAsync("Email/import", "{}"));
    }

    [Fact]
    public async Task Over_quota_nothing_is_stored()
    {
        await using var s = await MailScene.OpenAsync();
        await s.Store.UpdateAccountAsync((await s.Store.ListAccountsAsync(default))[0] with { QuotaOctets = 10 }, default);
        var answer = await s.CallAsync("Email/set", """{"create":{"d":{"mailboxIds":{"$INBOX":true}}}}""");
        Assert.Equal("overQuota", answer.GetProperty("notCreated").GetProperty("d").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Threads_are_got_and_change_with_their_emails()
    {
        await using var s = await MailScene.OpenAsync();
        var first = await CreateAsync(s, "\"messageId\":[\"a@b\"],\"receivedAt\":\"2026-01-02T00:00:00Z\"");
        var thread = first.GetProperty("threadId").GetString();
        var state = (await s.CallAsync("Thread/get", """{"ids":[]}""")).GetProperty("state").GetString();
        var reply = await CreateAsync(s, "\"references\":[\"a@b\"],\"receivedAt\":\"2026-01-01T00:00:00Z\"");
        Assert.Equal(thread, reply.GetProperty("threadId").GetString());
        var got = await s.CallAsync("Thread/get", $$$$"""{"ids":["{{{{thread}}}}","x"]}""");
        var (older, newer) = (reply.GetProperty("id"), first.GetProperty("id"));
        Assert.Equal(
            $$$$"""[{"id":"{{{{thread}}}}","emailIds":["{{{{older}}}}","{{{{newer}}}}"]}]""", got.GetProperty("list").GetRawText());
        Assert.Equal("""["x"]""", got.GetProperty("notFound").GetRawText());
        Assert.Equal(1, (await s.CallAsync("Thread/get", """{"ids":null}""")).GetProperty("list").GetArrayLength());
        var changes = await s.CallAsync("Thread/changes", $$$$"""{"sinceState":"{{{{state}}}}"}""");
        Assert.Equal($"""["{thread}"]""", changes.GetProperty("updated").GetRawText());
        var emails = await s.CallAsync("Email/changes", $$$$"""{"sinceState":"{{{{state}}}}"}""");
        Assert.Equal($"""["{reply.GetProperty("id")}"]""", emails.GetProperty("created").GetRawText());
        await s.CallAsync("Email/set", $$$$"""{"destroy":["{{{{reply.GetProperty("id")}}}}","{{{{first.GetProperty("id")}}}}"]}""");
        changes = await s.CallAsync("Thread/changes", $$$$"""{"sinceState":"{{{{state}}}}"}""");
        Assert.Equal($"""["{thread}"]""", changes.GetProperty("destroyed").GetRawText());
        Assert.Equal("cannotCalculateChanges", await s.ErrorAsync("Email/changes", """{"sinceState":"x"}"""));
    }

    [Fact]
    public async Task A_copy_is_a_new_email_with_what_is_said_of_it()
    {
        await using var s = await MailScene.OpenAsync();
        var (bob, inbox) = await s.Test.AccountAsync("bob@example.test");
        using var body = s.Test.Body("Subject: x\r\n\r\nhello\r\n");
        var message = new AppendMessage(body, s.Services.Reader.Render(body), SystemFlags.Seen, ["work"], 1767225600);
        var email = (await s.Store.AppendAsync(bob, inbox, [message], default)).Value![0].Email;
        var answer = await CopyAsync(s, bob, $$$$"""
            {"fromAccountId":"{{{{bob}}}}","onSuccessDestroyOriginal":true,"create":{
            "a":{"id":"{{{{email}}}}","mailboxIds":{"$INBOX":true}},
            "b":{"id":"{{{{email}}}}","mailboxIds":{"$Archive":true},"keywords":{"$draft":true},"receivedAt":"2020-01-01T00:00:00Z"},
            "c":{"id":"nobody","mailboxIds":{"$INBOX":true}},"d":{"id":"{{{{email}}}}"},"e":{"id":"{{{{email}}}}","subject":"x"} }}
            """);
        Assert.Equal(2, answer.GetProperty("created").EnumerateObject().Count());
        Assert.Equal(
            ["c notFound", "d invalidProperties", "e invalidProperties"],
            answer.GetProperty("notCreated").EnumerateObject().Select(one => $"{one.Name} {one.Value.GetProperty("type").GetString()}"));
        var view = (await s.Store.ViewAsync(s.Account, s.Inbox, default))!;
        Assert.Equal((SystemFlags.Seen, 1767225600L, "work"), (view[0].Flags.System, view[0].InternalDate, view.Keywords[0]));
        Assert.NotEqual(email, view[0].Email);
        Assert.Equal("Subject: x\r\n\r\nhello\r\n", await s.Test.ReadAsync(s.Account, view[0].Email));
        Assert.Equal("invalidArguments", await s.ErrorAsync("Email/copy", $$$$"""{"fromAccountId":"{{{{s.Account}}}}","create":{}}"""));
        Assert.Equal("fromAccountNotFound", await s.ErrorAsync("Email/copy", """{"fromAccountId":"other","create":{}}"""));
    }

    /// <summary>By a user who has two accounts, which nobody has yet.</summary>
    private static async Task<JsonElement> CopyAsync(MailScene s, AccountId from, string arguments)
    {
        using var filled = JsonDocument.Parse(await s.FillAsync(arguments));
        var octets = new ArrayBufferWriter<byte>();
        await using var writer = new Utf8JsonWriter(octets);
        var call = new Call(filled.RootElement, writer, new(from, "bob@example.test"), s.Account, new());
        await new EmailCopyMethod(s.Services, new()).RunAsync(call, default);
        Assert.Equal("Email/set", Assert.Single(call.Following).Method);
        await writer.FlushAsync();
        using var answer = JsonDocument.Parse(octets.WrittenMemory);
        return answer.RootElement.Clone();
    }

    [Theory]
    [InlineData("Email/set", "'destroy':['a','b','c']")]
    [InlineData("Mailbox/set", "'destroy':['a','b'],'create':{'c':{}}")]
    [InlineData("Email/import", "'emails':{'a':{},'b':{},'c':{}}")]
    [InlineData("Thread/get", "'ids':['a','b','c']")]
    [InlineData("Mailbox/get", "'ids':null")]
    public async Task Beyond_a_limit_nothing_is_done(string method, string arguments)
    {
        await using var s = await MailScene.OpenAsync(new() { MaxObjectsInSet = 2, MaxObjectsInGet = 2 });
        Assert.Equal("requestTooLarge", await s.ErrorAsync(method, "{" + arguments.Replace('\'', '"') + "}"));
    }

    [Fact]
    public async Task A_bulk_change_is_told_in_parts()
    {
        await using var s = await MailScene.OpenAsync();
        var state = (await s.CallAsync("Thread/get", """{"ids":[]}""")).GetProperty("state").GetString();
        var creates = string.Join(',', Enumerable.Range(0, 5).Select(i => $"'c{i}':{{'mailboxIds':{{'$INBOX':true}}}}")).Replace('\'', '"');
        await s.CallAsync("Email/set", "{\"create\":{" + creates + "}}");
        var told = new List<string>();
        for (var more = true; more;)
        {
            var part = await s.CallAsync("Email/changes", $$$$"""{"sinceState":"{{{{state}}}}","maxChanges":2}""");
            told.AddRange(part.GetProperty("created").EnumerateArray().Select(id => id.GetString() ?? ""));
            (state, more) = (part.GetProperty("newState").GetString(), part.GetProperty("hasMoreChanges").GetBoolean());
        }
        Assert.Equal(5, told.Distinct().Count());
        Assert.Equal(5, told.Count);
    }

    private static async Task<JsonElement> CreateAsync(MailScene s, string members)
    {
        var answer = await s.CallAsync("Email/set", $$$$"""{"create":{"d":{"mailboxIds":{"$INBOX":true},{{{{members}}}}}}}""");
        Assert.True(answer.GetProperty("created").ValueKind == JsonValueKind.Object, answer.GetRawText());
        return answer.GetProperty("created").GetProperty("d");
    }
}
