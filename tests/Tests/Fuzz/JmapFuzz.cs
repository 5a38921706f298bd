using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Jmap;
using Aviso.Tests.Unit.Jmap;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Whatever a client sends, the answer is I-JSON with a known status, and nothing is a fault of ours.</summary>
public sealed class JmapFuzz
{
    private static readonly string Account = FakeJmap.Alice.Account.ToString();

    private static readonly string[] Requests =
    [
        Request("""
            ["Core/echo",{"a":["x","\ud83d\ude00"]},"0"],
            ["Core/echo",{"#b":{"resultOf":"0","name":"Core/echo","path":"/a/*"}},"1"]
            """),
        Request("""
            ["Test/query",{"accountId":"ACCOUNT","filter":{"operator":"NOT","conditions":[{"is":"a"}]},
            "sort":[{"property":"id","isAscending":false,"collation":"i;octet"}],"position":-3,"anchor":"a","anchorOffset":1,
            "limit":5,"calculateTotal":true},"0"]
            """),
        Request("""
            ["Test/set",{"accountId":"ACCOUNT","ifInState":null,"create":{"a":{"b":1}},"update":{"#a":{"k/x":null,"l":[1]}},
            "destroy":["#a"]},"0"]
            """),
        Request("""
            ["Test/get",{"accountId":"ACCOUNT","ids":["a"],"properties":["id"]},"0"],
            ["Test/changes",{"accountId":"ACCOUNT","sinceState":"5","maxChanges":10},"1"],
            ["Test/copy",{"accountId":"ACCOUNT","fromAccountId":"x","create":{"a":{"id":"b"}}},"2"]
            """),
    ];

    private static string Request(string calls) =>
        $$$$"""{"using":["{{{{Capabilities.Core}}}}","{{{{FakeJmap.Uri}}}}"],"methodCalls":[{{{{calls}}}}],"createdIds":{"k":"v"}}"""
            .Replace("ACCOUNT", Account, StringComparison.Ordinal);

    [Fact]
    public void Requests_are_answered_or_refused()
    {
        var jmap = new FakeJmap(Get(), Query(), Set(), Changes(), Copy());
        Mutator.Run([.. Requests.Select(Encoding.UTF8.GetBytes)], 1500, input =>
        {
            var answer = jmap.Server.AnswerAsync(FakeJmap.Alice, "application/json", input, CancellationToken.None);
            using var reply = answer.GetAwaiter().GetResult();
            Assert.Contains(reply.Status, new[] { 200, 400 });
            Assert.NotNull(InternetJson.Parse(reply.Body, out _));
            Assert.DoesNotContain("serverFail", Encoding.UTF8.GetString(reply.Body.Span));
        });
        Assert.Empty(jmap.Log.Lines);
    }

    [Fact]
    public void I_JSON_is_what_the_parser_of_nodes_reads_too() => Mutator.Run([.. Requests.Select(Encoding.UTF8.GetBytes)], 1500, input =>
    {
        using var document = InternetJson.Parse(input, out var why);
        Assert.Equal(document is null, why.Length > 0);
        if (document is null) return;
        // Every text of it is whole: written and read again it is the same.
        Assert.True(JsonElement.DeepEquals(document.RootElement, JsonDocument.Parse(document.RootElement.GetRawText()).RootElement));
        JsonNode.Parse(input)?.ToJsonString();
    });

    [Fact]
    public void Patches_apply_or_say_why_not()
    {
        string[] seeds = ["""{"k/x":null,"k/a~1b":{"c":[1]},"b":5}""", """{"l":[{"a":1}],"k":{"x":false},"n/o/p":null}"""];
        Mutator.Run([.. seeds.Select(Encoding.UTF8.GetBytes)], 1500, input =>
        {
            using var document = InternetJson.Parse(input, out _);
            if (document is null) return;
            if (!PatchObject.TryRead(document.RootElement, out var patch, out var error))
            {
                Assert.Equal("invalidPatch", error.Type);
                return;
            }
            var target = new JsonObject { ["b"] = 2, ["k"] = new JsonObject { ["x"] = true }, ["l"] = new JsonArray(1) };
            if (!patch.TryApply(target, out error)) Assert.Equal("invalidPatch", error.Type);
            else Assert.All(patch.Entries, entry =>
                Assert.Equal(entry.Value.ValueKind == JsonValueKind.Null, Follow(target, entry.Tokens) is null));
        });
    }

    [Fact]
    public void Pointers_lead_somewhere_or_nowhere()
    {
        using var document = JsonDocument.Parse("""{"list":[{"a":[1,[2]],"b/c":{"":3}}],"*":[[],[4]]}""");
        string[] seeds = ["/list/*/a/0", "/list/0/b~1c/", "/*/*/*", "/list/*/a/*"];
        Mutator.Run([.. seeds.Select(Encoding.UTF8.GetBytes)], 1500, input =>
        {
            if (!JsonPointer.TryParse(Encoding.UTF8.GetString(input), out var pointer)) return;
            var work = 0L;
            pointer.Evaluate(document.RootElement, ref work, 1000);
            Assert.InRange(work, 0, 1000);
        });
    }

    private static JsonNode? Follow(JsonNode? node, IEnumerable<string> tokens) =>
        tokens.Aggregate(node, (n, token) => (n as JsonObject)?[token]);

    private static FakeMethod Get() => new("Test/get", call =>
    {
        var reader = call.Read();
        GetArguments.Read(reader, new(), p => p == "name");
        reader.End();
        GetAnswer.Begin(call, "1");
        GetAnswer.End(call, []);
    });

    private static FakeMethod Query() => new("Test/query", call =>
    {
        var reader = call.Read();
        var filter = new FilterReader<string>(new(), one => one.GetRawText()).Read(reader);
        Comparator.ReadAll(reader, p => p == "id");
        var window = QueryWindow.Read(reader);
        reader.End();
        var (start, count) = window.Within(3, id => id == "a" ? 0 : -1, new());
        Assert.InRange(start, 0, int.MaxValue);
        Assert.InRange(count, 0, 3);
        filter?.Matches("a", string.Equals);
        new QueryAnswer("1", true, start, [], 3).Write(call, window, new());
    });

    private static FakeMethod Set() => new("Test/set", call =>
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, new());
        reader.End();
        var answer = new SetAnswer(call);
        foreach (var (key, _) in set.Create) answer.Created(key, "id");
        foreach (var (key, value) in set.Update)
        {
            if (PatchObject.TryRead(value, out _, out var error)) answer.Updated(call.Created.Resolve(key) ?? "");
            else answer.NotUpdated(key, error);
        }
        foreach (var key in set.Destroy) answer.NotDestroyed(key, SetError.NotFound);
        answer.Write(null, "2");
    });

    private static FakeMethod Changes() => new("Test/changes", call =>
    {
        var reader = call.Read();
        var changes = ChangesArguments.Read(reader, new());
        reader.End();
        new ChangesAnswer(changes.SinceState, JmapState.Of(JmapState.Since(changes.SinceState))).Write(call);
    });

    private static FakeMethod Copy() => new("Test/copy", call =>
    {
        var reader = call.Read();
        CopyArguments.Read(call, reader, new());
        reader.End();
    });
}
