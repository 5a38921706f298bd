using System.Text;
using Aviso.Accounts;
using Aviso.Delivery;
using Aviso.Jmap;
using Aviso.Tests.Unit.Jmap;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Scripts, vacation responses and receipts as a stranger writes them: an answer or an error of the RFC, never a fault.</summary>
public sealed class JmapScriptFuzz
{
    private static readonly string[] Calls =
    [
        """
        ["SieveScript/set",{"accountId":"ACCOUNT","ifInState":null,"create":{"a":{"name":"x","blobId":"BLOB"},"b":{"blobId":"BLOB"}},
        "update":{"ID":{"name":"y","blobId":"BLOB","isActive":false},"#a":{"name":null}},"destroy":["ID"],
        "onSuccessActivateScript":"#a","onSuccessDeactivateScript":true},"0"]
        """,
        """
        ["SieveScript/query",{"accountId":"ACCOUNT","filter":{"operator":"OR","conditions":[{"name":"x"},{"isActive":true}]},
        "sort":[{"property":"name","isAscending":false},{"property":"isActive"}],"position":-1,"limit":2},"0"],
        ["SieveScript/queryChanges",{"accountId":"ACCOUNT","sinceQueryState":"0","maxChanges":9},"1"]
        """,
        """
        ["SieveScript/get",{"accountId":"ACCOUNT","ids":["ID"],"properties":["name","blobId"]},"0"],
        ["SieveScript/validate",{"accountId":"ACCOUNT","blobId":"BLOB"},"1"],
        ["SieveScript/changes",{"accountId":"ACCOUNT","sinceState":"0"},"2"]
        """,
        """
        ["VacationResponse/set",{"accountId":"ACCOUNT","update":{"singleton":{"isEnabled":true,"fromDate":"2026-07-01T00:00:00.25Z",
        "toDate":null,"subject":"a","textBody":"b\"\\","htmlBody":"<p>"}},"create":{"a":{}},"destroy":["singleton"]},"0"],
        ["VacationResponse/get",{"accountId":"ACCOUNT","ids":["singleton"],"properties":["toDate"]},"1"]
        """,
        """
        ["MDN/send",{"accountId":"ACCOUNT","identityId":"IDENTITY","send":{"k":{"forEmailId":"EMAIL","subject":"s","textBody":"t",
        "includeOriginalMessage":true,"reportingUA":"u; v","finalRecipient":"rfc822; alice@example.test","disposition":{
        "actionMode":"manual-action","sendingMode":"mdn-sent-manually","type":"displayed"},"extensionFields":{"X-A":"b"}}},
        "onSuccessUpdateEmail":{"#k":{"keywords/$mdnsent":true}}},"0"],["MDN/parse",{"accountId":"ACCOUNT","blobIds":["BLOB"]},"1"]
        """,
    ];

    [Fact]
    public async Task Calls_of_any_shape_are_answered()
    {
        await using var scene = await JmapScene.OpenAsync();
        await scene.Scripts.PutAsync(scene.Account, "a", "keep;"u8.ToArray(), default);
        var script = (await scene.Scripts.ReadAsync(scene.Account, default)).All[0];
        var email = await scene.AppendAsync("Subject: x\nDisposition-Notification-To: bob@example.org\n\ny\n");
        var identity = (await scene.OneAsync("Identity/get", "\"ids\":null")).GetProperty("list")[0].GetProperty("id").GetString();
        var uses = string.Join("\",\"", MethodTable.Of(scene.Rooms).Capabilities.Select(c => c.Uri));
        var seeds = Calls.Select(calls => $$"""{"using":["{{uses}}"],"methodCalls":[{{calls}}]}"""
            .Replace("ACCOUNT", scene.Account.ToString(), StringComparison.Ordinal)
            .Replace("BLOB", SieveScriptObject.BlobOf(script), StringComparison.Ordinal)
            .Replace("IDENTITY", identity, StringComparison.Ordinal).Replace("EMAIL", email.ToString(), StringComparison.Ordinal)
            .Replace("\"ID\"", $"\"{script.Id}\"", StringComparison.Ordinal)).Select(Encoding.UTF8.GetBytes);
        Mutator.Run([.. seeds], 250, input =>
        {
            using var reply = scene.Server.AnswerAsync(scene.Alice, "application/json", input, default).GetAwaiter().GetResult();
            Assert.Contains(reply.Status, new[] { 200, 400 });
            Assert.DoesNotContain("serverFail", Encoding.UTF8.GetString(reply.Body.Span), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Any_reply_is_a_script_that_compiles()
    {
        string[] seeds = ["I am away.\n.\n", "\"quoted\" \\ ${x} #{", "Gr\u00fc\u00dfe \u2028 text:\r\n.\r\n", "<p>a &amp; b</p><!-- -->"];
        Mutator.Run([.. seeds.Select(Encoding.UTF8.GetBytes)], 500, input =>
        {
            var text = Encoding.UTF8.GetString(input).Replace("\0", "", StringComparison.Ordinal);
            VacationReply[] replies = [new() { Text = text }, new() { Html = text }, new() { Subject = text, Text = text, Html = text }];
            foreach (var reply in replies) Assert.Equal(VacationScript.Name, VacationScript.Of(reply).Name);
        });
    }

    [Fact]
    public async Task Any_message_is_an_MDN_or_none()
    {
        const string Seed = "Subject: a\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
            + "Content-Type: message/disposition-notification\r\n\r\nReporting-UA: a; b\r\nFinal-Recipient: rfc822; a@b.example\r\n"
            + "Disposition: manual-action/MDN-sent-manually; displayed/error\r\nError: x\r\nX-Y: z\r\n\r\n--b\r\n"
            + "Content-Type: message/rfc822\r\n\r\nSubject: c\r\n\r\nd\r\n--b--\r\n";
        await using var scene = await JmapScene.OpenAsync();
        var read = 0;
        Mutator.Run([Encoding.UTF8.GetBytes(Seed)], 1500, input =>
        {
            using var body = scene.Store.Store.Spool.Make(into => into.Write(input));
            if (MdnReader.Read(MessageOctets.Of(body)) is not { } mdn) return;
            read++;
            Assert.True(mdn.Disposition.IsKnown);
            Assert.NotNull(mdn.FinalRecipient);
        });
        Assert.True(read > 100, "hardly any was read");
    }
}
