using System.Text;
using System.Text.Json;
using Aviso.Base;
using Aviso.Jmap;
using Aviso.Net;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8621 §7 and FUTURERELEASE.</summary>
public sealed class EmailSubmissionTests
{
    private const string Draft = """
        From: Alice <alice@example.test>
        To: Bob <bob@example.test>, Group: carol@example.test;
        Cc: BOB@example.test
        Bcc: dave@example.org
        Subject: hello

        text
        """;

    [Fact]
    public async Task An_email_is_handed_in_with_the_envelope_of_its_header()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var made = await CreateAsync(scene, $"\"emailId\":\"{email}\",\"identityId\":\"{identity}\"");
        var (mail, recipients, text) = Assert.Single(scene.Receiver.Taken);
        Assert.Equal("alice@example.test", mail.Sender.ToString());
        Assert.Equal(["bob@example.test", "carol@example.test", "dave@example.org"], recipients.Select(r => r.ToString()));
        Assert.StartsWith("From: Alice", text);
        Assert.Equal(scene.Account.Value, mail.Client.Login?.Account);
        Assert.Equal("final", made.GetProperty("undoStatus").GetString());
        var got = (await scene.OneAsync("EmailSubmission/get", "")).GetProperty("list")[0];
        Assert.Equal(email.ToString(), got.GetProperty("emailId").GetString());
        Assert.Equal("2026-01-01T00:00:00Z", got.GetProperty("sendAt").GetString());
        var status = got.GetProperty("deliveryStatus").GetProperty("bob@example.test");
        Assert.StartsWith("250 2.0.0 ", status.GetProperty("smtpReply").GetString());
        Assert.Equal(("unknown", "unknown"), (status.GetProperty("delivered").GetString(), status.GetProperty("displayed").GetString()));
    }

    [Fact]
    public async Task An_envelope_that_is_given_is_used_with_its_parameters()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        await CreateAsync(scene, $$$$"""
            "emailId":"{{{{email}}}}","identityId":"{{{{identity}}}}","envelope":{"mailFrom":{"email":"alice@example.test",
            "parameters":{"ret":"hdrs","ENVID":"e1","REQUIRETLS":null}},
            "rcptTo":[{"email":"x@example.org","parameters":{"NOTIFY":"success,failure","ORCPT":"rfc822;y@example.org"}}]}
            """);
        var (mail, recipients, _) = Assert.Single(scene.Receiver.Taken);
        Assert.Equal(("HDRS", "e1", true), (mail.Parameters.Return, mail.Parameters.EnvelopeId, mail.Parameters.RequireTls));
        Assert.Equal(("x@example.org", "SUCCESS,FAILURE", "rfc822;y@example.org"),
            (recipients[0].ToString(), recipients[0].Notify, recipients[0].OriginalRecipient));
    }

    [Theory]
    [InlineData("\"emailId\":\"0000000000001\"", "invalidProperties")]
    [InlineData("\"identityId\":\"none\"", "invalidProperties")]
    [InlineData("\"sendAt\":null", "invalidProperties")]
    [InlineData("\"envelope\":[]", "invalidProperties")]
    [InlineData("""
        "envelope":{"mailFrom":{"email":"alice@example.test"},"rcptTo":[]}
        """, "noRecipients")]
    [InlineData("""
        "envelope":{"mailFrom":{"email":"alice@example.test"},"rcptTo":[{"email":"a@b.c"},{"email":"nobody"}]}
        """, "invalidRecipients")]
    [InlineData("""
        "envelope":{"mailFrom":{"email":"alice@example.test"},
        "rcptTo":[{"email":"a@b.c"},{"email":"b@b.c"},{"email":"c@b.c"},{"email":"d@b.c"}]}
        """, "tooManyRecipients")]
    [InlineData("""
        "envelope":{"mailFrom":{"email":"alice@example.test","parameters":{"X-NONE":null}},"rcptTo":[{"email":"a@b.c"}]}
        """, "invalidProperties")]
    [InlineData("""
        "envelope":{"mailFrom":{"email":"alice@example.test","parameters":{"HOLDFOR":"99999999"}},"rcptTo":[{"email":"a@b.c"}]}
        """, "invalidProperties")]
    [InlineData("""
        "envelope":{"mailFrom":{"email":"alice@example.test","parameters":{"HOLDFOR":"9","HOLDUNTIL":"2026-01-01T01:00:00Z"}},
        "rcptTo":[{"email":"a@b.c"}]}
        """, "invalidProperties")]
    public async Task What_cannot_be_sent_says_why(string with, string error)
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var given = with.Trim();
        if (!given.StartsWith("\"emailId", StringComparison.Ordinal)) given += $",\"emailId\":\"{email}\"";
        if (!given.StartsWith("\"identityId", StringComparison.Ordinal)) given += $",\"identityId\":\"{identity}\"";
        Assert.Equal(error, await NotCreatedAsync(scene, given));
        Assert.Empty(scene.Receiver.Taken);
    }

    [Fact]
    public async Task What_the_receiver_refuses_has_the_error_of_its_stage()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var given = $"\"emailId\":\"{email}\",\"identityId\":\"{identity}\"";
        var sendAs = new Refusal(553, new(5, 7, 1), "not as that", Reason.SendAs, "");
        scene.Receiver.OfMessage = sendAs;
        Assert.Equal("forbiddenFrom", await NotCreatedAsync(scene, given));
        scene.Receiver.OfMessage = new Refusal(450, new(4, 7, 1), "too much today", Reason.Rate, "");
        Assert.Equal("forbiddenToSend", await NotCreatedAsync(scene, given));
        scene.Receiver.OfMessage = new Refusal(552, new(5, 3, 4), "large", Reason.Size, "");
        Assert.Equal("tooLarge", await NotCreatedAsync(scene, given));
        scene.Receiver.OfMessage = null;
        var unknown = new Refusal(550, new(5, 1, 1), "no such", Reason.UnknownRecipient, "");
        scene.Receiver.OfRecipient = r => r.LocalPart == "carol" ? unknown : null;
        Assert.Equal("invalidRecipients", await NotCreatedAsync(scene, given));
        scene.Receiver.OfSender = _ => sendAs;
        Assert.Equal("forbiddenMailFrom", await NotCreatedAsync(scene, given));
        Assert.Empty((await scene.OneAsync("EmailSubmission/get", "")).GetProperty("list").EnumerateArray());
    }

    [Fact]
    public async Task A_stranger_in_From_is_forbidden_and_a_header_without_From_is_no_email_to_send()
    {
        await using var scene = await JmapScene.OpenAsync();
        var identity = await IdentityAsync(scene);
        var stranger = await scene.AppendAsync(Draft.Replace("alice@", "mallory@", StringComparison.Ordinal));
        Assert.Equal("forbiddenFrom", await NotCreatedAsync(scene, $"\"emailId\":\"{stranger}\",\"identityId\":\"{identity}\""));
        var nobody = await scene.AppendAsync("To: bob@example.test\n\ntext\n");
        Assert.Equal("invalidEmail", await NotCreatedAsync(scene, $"\"emailId\":\"{nobody}\",\"identityId\":\"{identity}\""));
    }

    [Fact]
    public async Task A_message_that_is_held_is_sent_when_its_time_comes_as_it_was()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var made = await CreateAsync(scene, Held(email.ToString(), identity));
        Assert.Equal("pending", made.GetProperty("undoStatus").GetString());
        Assert.Equal("2026-01-01T00:00:20Z", made.GetProperty("sendAt").GetString());
        Assert.Empty(scene.Receiver.Taken);
        await scene.Store.Store.ExpungeAsync(scene.Account, scene.Inbox, [1], onlyDeleted: false, default);
        scene.Clock.Advance(TimeSpan.FromSeconds(21));
        await Patience.UntilAsync(() => scene.Receiver.Taken.Count == 1, "it is sent");
        Assert.Contains("Subject: hello", scene.Receiver.Taken[0].Text);
        await Patience.UntilAsync(async () => await StatusAsync(scene) == "final", "it is final");
        var id = made.GetProperty("id").GetString();
        var late = await scene.OneAsync("EmailSubmission/set", $"\"update\":{{\"{id}\":{{\"undoStatus\":\"canceled\"}}}}");
        Assert.Contains("cannotUnsend", late.GetProperty("notUpdated").GetRawText());
    }

    [Fact]
    public async Task What_is_put_off_when_its_time_comes_is_tried_again()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        await CreateAsync(scene, Held(email.ToString(), identity));
        scene.Receiver.OfMessage = new(451, new(4, 3, 0), "later", Reason.Header, "full");
        scene.Clock.Advance(TimeSpan.FromSeconds(21));
        await Patience.UntilAsync(() => scene.Receiver.Finished == 1, "it is tried");
        Assert.Equal("pending", await StatusAsync(scene));
        scene.Receiver.OfMessage = null;
        await Patience.UntilAsync(() =>
        {
            scene.Clock.Advance(TimeSpan.FromMinutes(1));
            return scene.Receiver.Taken.Count == 1;
        }, "it is sent");
        Assert.Contains("Subject: hello", scene.Receiver.Taken[0].Text);
        await Patience.UntilAsync(async () => await StatusAsync(scene) == "final", "it is final");
        Assert.Equal(1, (await scene.Store.Store.ViewAsync(scene.Account, scene.Inbox, default))?.Count);
    }

    [Theory]
    [InlineData(550, 0)]
    [InlineData(451, 6)]
    public async Task What_is_refused_when_its_time_comes_comes_back_with_a_letter(int code, int days)
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        await CreateAsync(scene, Held(email.ToString(), identity));
        await scene.Store.Store.ExpungeAsync(scene.Account, scene.Inbox, [1], onlyDeleted: false, default);
        scene.Receiver.OfMessage = new(code, new(code / 100, 3, 0), "not today", Reason.Header, "a test");
        scene.Clock.Advance(TimeSpan.FromSeconds(21) + TimeSpan.FromDays(days));
        await Patience.UntilAsync(async () => await StatusAsync(scene) == "final", "it is over");
        var view = await scene.Store.Store.ViewAsync(scene.Account, scene.Inbox, default);
        Assert.NotNull(view);
        Assert.Equal(1, view.Count);
        using var letter = await scene.Store.Store.OpenBodyAsync(scene.Account, view[0].Email, default);
        Assert.NotNull(letter);
        var octets = new byte[letter.Length];
        letter.Read(0, octets);
        var text = Encoding.UTF8.GetString(octets);
        Assert.Contains("Subject: Your message was not sent", text);
        Assert.Contains("not today", text);
        Assert.Contains("Subject: hello", text);
        Assert.Contains("<bob@example.test>", text);
        await Patience.UntilAsync(async () => (await scene.Store.Store.ListDocumentKeysAsync("jmap-held", default)).Count == 0,
            "its octets are let go of");
    }

    [Fact]
    public async Task A_message_that_is_held_can_be_taken_back()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var id = (await CreateAsync(scene, Held(email.ToString(), identity))).GetProperty("id").GetString();
        var kept = await scene.OneAsync("EmailSubmission/set", $"\"destroy\":[\"{id}\"]");
        Assert.Contains("forbidden", kept.GetProperty("notDestroyed").GetRawText());
        var set = await scene.OneAsync("EmailSubmission/set", $"\"update\":{{\"{id}\":{{\"undoStatus\":\"canceled\"}}}}");
        Assert.Equal($"{{\"{id}\":null}}", set.GetProperty("updated").GetRawText());
        scene.Clock.Advance(TimeSpan.FromSeconds(60));
        await Task.Delay(200);
        Assert.Empty(scene.Receiver.Taken);
        Assert.Equal("canceled", await StatusAsync(scene));
        Assert.Empty(await scene.Store.Store.ListDocumentsAsync(scene.Account, "jmap-held", default));
        var gone = await scene.OneAsync("EmailSubmission/set", $"\"destroy\":[\"{id}\"]");
        Assert.Equal($"[\"{id}\"]", gone.GetProperty("destroyed").GetRawText());
    }

    /// <summary>The process may end between the end of a submission and the removal of its octets, or before there is a submission.</summary>
    [Fact]
    public async Task Octets_that_nothing_waits_with_go_at_the_next_start_and_others_stay()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var id = (await CreateAsync(scene, Held(email.ToString(), identity))).GetProperty("id").GetString();
        var left = new Document(new(scene.Account, "jmap-held", "s000000000000.0000"), [1], 1);
        await scene.Store.Store.ChangeDocumentsAsync([left], [], default);
        await scene.RestartAsync();
        Assert.Equal([$"{id}.0000"], (await scene.Store.Store.ListDocumentKeysAsync("jmap-held", default)).Select(key => key.Name));
        scene.Clock.Advance(TimeSpan.FromSeconds(21));
        await Patience.UntilAsync(() => scene.Receiver.Taken.Count == 1, "it is sent");
        Assert.Contains("Subject: hello", scene.Receiver.Taken[0].Text);
    }

    [Fact]
    public async Task What_was_sent_changes_its_email_by_one_more_call()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var answers = await scene.CallAsync($$$$"""
            ["EmailSubmission/set",{"accountId":"ACCOUNT","create":{"k":{"emailId":"{{{{email}}}}","identityId":"{{{{identity}}}}"},
            "bad":{"emailId":"none","identityId":"{{{{identity}}}}"}},
            "onSuccessUpdateEmail":{"#k":{"keywords/$draft":null},"#bad":{"keywords/$seen":true}}},"0"],["Core/echo",{},"1"]
            """);
        Assert.Equal(3, answers.GetArrayLength());
        Assert.Equal("0", answers[1][2].GetString());
        // Whether it worked is for Email/set to say; that it was called shows in its answer or in its error.
        Assert.Contains(answers[1][0].GetString(), new[] { "Email/set", "error" });
        Assert.Equal("1", answers[2][2].GetString());
    }

    [Fact]
    public async Task A_login_for_some_mailboxes_sends_nothing_out_of_others()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var login = scene.Alice with { Scope = new() { Name = "some", Mailboxes = ["Archive"] } };
        Assert.Equal("invalidProperties", await NotCreatedAsync(scene, $"\"emailId\":\"{email}\",\"identityId\":\"{identity}\"", login));
        Assert.Empty(scene.Receiver.Taken);
    }

    [Fact]
    public async Task Submissions_are_found_sorted_and_told_as_they_change()
    {
        await using var scene = await JmapScene.OpenAsync();
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        var made = await CreateAsync(scene, $"\"emailId\":\"{email}\",\"identityId\":\"{identity}\"");
        var first = made.GetProperty("id").GetString() ?? "";
        var state = (await scene.OneAsync("EmailSubmission/query", "")).GetProperty("queryState").GetString();
        scene.Clock.Advance(TimeSpan.FromSeconds(5));
        var second = (await CreateAsync(scene, Held(email.ToString(), identity))).GetProperty("id").GetString() ?? "";
        Assert.Equal([second, first], await QueryAsync(scene, "\"sort\":[{\"property\":\"sentAt\",\"isAscending\":false}]"));
        Assert.Equal([second], await QueryAsync(scene, "\"filter\":{\"undoStatus\":\"pending\"}"));
        Assert.Equal([first], await QueryAsync(scene, "\"filter\":{\"before\":\"2026-01-01T00:00:05Z\"}"));
        Assert.Equal([second], await QueryAsync(scene, "\"filter\":{\"after\":\"2026-01-01T00:00:05Z\"}"));
        Assert.Empty(await QueryAsync(scene, "\"filter\":{\"emailIds\":[\"none\"]}"));
        Assert.Equal("unsupportedSort", await scene.ErrorAsync("EmailSubmission/query", "\"sort\":[{\"property\":\"undoStatus\"}]"));
        Assert.Equal("invalidArguments", await scene.ErrorAsync("EmailSubmission/query", "\"filter\":{\"none\":1}"));
        var changes = await scene.OneAsync("EmailSubmission/queryChanges", $"\"sinceQueryState\":\"{state}\",\"calculateTotal\":true");
        Assert.Equal(2, changes.GetProperty("total").GetInt32());
        Assert.Equal($$$$"""[{"id":"{{{{second}}}}","index":1}]""", changes.GetProperty("added").GetRawText());
        var since = await scene.OneAsync("EmailSubmission/changes", $"\"sinceState\":\"{state}\"");
        Assert.Equal($"[\"{second}\"]", since.GetProperty("created").GetRawText());
    }

    [Fact]
    public async Task An_app_password_for_some_addresses_sends_within_them_later_too()
    {
        await using var scene = await JmapScene.OpenAsync();
        var user = scene.Alice with { Scope = new LoginScope { Name = "shop", SendAs = ["alice@example.test"] } };
        var (email, identity) = (await scene.AppendAsync(Draft), await IdentityAsync(scene));
        await scene.OneAsync("EmailSubmission/set", $"\"create\":{{\"k\":{{{Held(email.ToString(), identity)}}}}}", user);
        scene.Clock.Advance(TimeSpan.FromSeconds(21));
        await Patience.UntilAsync(() => scene.Receiver.Taken.Count == 1, "it is sent");
        Assert.Equal(["alice@example.test"], scene.Receiver.Taken[0].Mail.Client.Login?.Scope?.SendAs);
    }

    private static string Held(string email, string identity) => $$$$"""
        "emailId":"{{{{email}}}}","identityId":"{{{{identity}}}}","envelope":{"mailFrom":{"email":"alice@example.test",
        "parameters":{"HOLDFOR":"20"}},"rcptTo":[{"email":"bob@example.test"}]}
        """;

    private static async Task<string> IdentityAsync(JmapScene scene) =>
        (await scene.OneAsync("Identity/get", "")).GetProperty("list")[0].GetProperty("id").GetString() ?? "";

    private static async Task<JsonElement> CreateAsync(JmapScene scene, string submission)
    {
        var set = await scene.OneAsync("EmailSubmission/set", $"\"create\":{{\"k\":{{{submission}}}}}");
        Assert.True(set.GetProperty("created").ValueKind == JsonValueKind.Object, set.GetRawText());
        return set.GetProperty("created").GetProperty("k");
    }

    private static async Task<string?> NotCreatedAsync(JmapScene scene, string submission, JmapUser? user = null)
    {
        var set = await scene.OneAsync("EmailSubmission/set", $"\"create\":{{\"k\":{{{submission}}}}}", user);
        Assert.True(set.GetProperty("notCreated").ValueKind == JsonValueKind.Object, set.GetRawText());
        return set.GetProperty("notCreated").GetProperty("k").GetProperty("type").GetString();
    }

    private static async Task<string?> StatusAsync(JmapScene scene) =>
        (await scene.OneAsync("EmailSubmission/get", "")).GetProperty("list")[0].GetProperty("undoStatus").GetString();

    private static async Task<IEnumerable<string?>> QueryAsync(JmapScene scene, string arguments) =>
        (await scene.OneAsync("EmailSubmission/query", arguments)).GetProperty("ids").EnumerateArray().Select(i => i.GetString());
}
