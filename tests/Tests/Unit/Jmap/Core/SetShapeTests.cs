using System.Text.Json;
using System.Text.Json.Nodes;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8620 §5.3: /set and patches.</summary>
public sealed class SetShapeTests
{
    private static readonly JmapLimits Limits = new() { MaxObjectsInSet = 3 };

    private static readonly string Account = FakeJmap.Alice.Account.ToString();

    private static readonly FakeJmap Jmap = new(Limits, new FakeMethod("Test/set", call =>
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, Limits);
        reader.End();
        set.CheckState("5");
        var answer = new SetAnswer(call);
        foreach (var (key, value) in set.Create)
        {
            if (value.TryGetProperty("bad", out _)) answer.NotCreated(key, SetError.InvalidProperty("bad", "is bad"));
            else answer.Created(key, "new-" + key, writer => writer.WriteNumber("size", 3));
        }
        foreach (var (key, _) in set.Update)
        {
            if (call.Created.Resolve(key) is not { } id) answer.NotUpdated(key, SetError.NotFound);
            else answer.Updated(id, id == "plain" ? null : writer => writer.WriteNumber("size", 4));
        }
        foreach (var key in set.Destroy)
        {
            if (call.Created.Resolve(key) is { } id) answer.Destroyed(id);
            else answer.NotDestroyed(key, SetError.NotFound);
        }
        answer.Write("5", "6");
    }));

    [Fact]
    public async Task Everything_that_is_done_is_told()
    {
        var (_, answer) = await Jmap.OneAsync("Test/set",
            $$$$"""{"accountId":"{{{{Account}}}}","create":{"a":{}},"update":{"#a":{}},"destroy":["#a","#a"]}""");
        Assert.Equal((Account, "5", "6"), (Text("accountId"), Text("oldState"), Text("newState")));
        Assert.Equal("""{"a":{"id":"new-a","size":3}}""", answer.GetProperty("created").GetRawText());
        Assert.Equal("""{"new-a":{"size":4}}""", answer.GetProperty("updated").GetRawText());
        Assert.Equal("""["new-a"]""", answer.GetProperty("destroyed").GetRawText());
        Assert.All(["notCreated", "notUpdated", "notDestroyed"],
            name => Assert.Equal(JsonValueKind.Null, answer.GetProperty(name).ValueKind));

        string? Text(string name) => answer.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Everything_that_is_not_done_is_told_with_its_reason()
    {
        var (_, answer) = await Jmap.OneAsync("Test/set",
            $$$$"""{"accountId":"{{{{Account}}}}","create":{"a":{"bad":1}},"update":{"#a":{}},"destroy":["#b"]}""");
        Assert.Equal("accountId oldState newState created updated destroyed notCreated notUpdated notDestroyed",
            string.Join(' ', answer.EnumerateObject().Select(m => m.Name)));
        Assert.All(["created", "updated", "destroyed"], name => Assert.Equal(JsonValueKind.Null, answer.GetProperty(name).ValueKind));
        Assert.Equal("""{"a":{"type":"invalidProperties","description":"bad: is bad","properties":["bad"]}}""",
            answer.GetProperty("notCreated").GetRawText());
        Assert.Equal("""{"#a":{"type":"notFound"}}""", answer.GetProperty("notUpdated").GetRawText());
        Assert.Equal("""{"#b":{"type":"notFound"}}""", answer.GetProperty("notDestroyed").GetRawText());
        (_, answer) = await Jmap.OneAsync("Test/set", $$$$"""{"accountId":"{{{{Account}}}}","ifInState":"5","update":{"plain":{}}}""");
        Assert.Equal("""{"plain":null}""", answer.GetProperty("updated").GetRawText());
    }

    [Theory]
    [InlineData(""","ifInState":"4" """, "stateMismatch")]
    [InlineData(""","ifInState":5""", "invalidArguments")]
    [InlineData(""","create":[]""", "invalidArguments")]
    [InlineData(""","create":{"a":null}""", "invalidArguments")]
    [InlineData(""","update":{"a":1}""", "invalidArguments")]
    [InlineData(""","destroy":{}""", "invalidArguments")]
    [InlineData(""","destroy":[1]""", "invalidArguments")]
    [InlineData(""","onDestroyRemoveEmails":true""", "invalidArguments")]
    [InlineData(""","create":{"a":{},"b":{}},"destroy":["c","d"]""", "requestTooLarge")]
    public async Task Wrong_arguments_are_refused(string more, string error) =>
        Assert.Equal(error, await Jmap.ErrorAsync("Test/set", $$$$"""{"accountId":"{{{{Account}}}}"{{{{more}}}}}"""));

    [Theory]
    [InlineData("""{"a":1}""", """{"b":2,"k":{"x":true},"l":[1],"a":1}""")]
    [InlineData("""{"b":null,"none":null}""", """{"k":{"x":true},"l":[1]}""")]
    [InlineData("""{"k/y":true,"k/x":null}""", """{"b":2,"k":{"y":true},"l":[1]}""")]
    [InlineData("""{"k":{"z":{"deep":[1,{"a":null}]}}}""", """{"b":2,"k":{"z":{"deep":[1,{"a":null}]}},"l":[1]}""")]
    [InlineData("""{"k/a~1b~0":"t"}""", """{"b":2,"k":{"x":true,"a/b~":"t"},"l":[1]}""")]
    [InlineData("""{"l":[2,3]}""", """{"b":2,"k":{"x":true},"l":[2,3]}""")]
    [InlineData("{}", """{"b":2,"k":{"x":true},"l":[1]}""")]
    public void A_patch_changes_what_it_points_at(string text, string expected)
    {
        var target = Target();
        Assert.True(PatchObject.TryRead(Parse(text), out var patch, out _));
        Assert.True(patch.TryApply(target, out _));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), target), target.ToJsonString());
    }

    [Theory]
    [InlineData("""{"l/0":5}""")]
    [InlineData("""{"l/0/x":5}""")]
    [InlineData("""{"none/x":5}""")]
    [InlineData("""{"b/x":5}""")]
    [InlineData("""{"k/none/x":5}""")]
    public void A_pointer_into_a_list_or_without_a_parent_is_invalidPatch(string text)
    {
        Assert.True(PatchObject.TryRead(Parse(text), out var patch, out _));
        Assert.False(patch.TryApply(Target(), out var error));
        Assert.Equal("invalidPatch", error.Type);
    }

    [Theory]
    [InlineData("""{"k":{},"k/x":null}""")]
    [InlineData("""{"k/x/y":1,"a":2,"k/x":1}""")]
    [InlineData("""{"k~2":1}""")]
    [InlineData("""{"k/~":1}""")]
    public void Pointers_that_hide_each_other_or_are_none_are_invalidPatch(string text)
    {
        Assert.False(PatchObject.TryRead(Parse(text), out _, out var error));
        Assert.Equal("invalidPatch", error.Type);
    }

    [Fact]
    public void Pointers_that_only_look_alike_are_not_prefixes() =>
        Assert.True(PatchObject.TryRead(Parse("""{"k":1,"k0/x":3,"kk":1,"k0x":1}"""), out _, out _));

    private static JsonObject Target() => JsonNode.Parse("""{"b":2,"k":{"x":true},"l":[1]}""")!.AsObject();

    private static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
