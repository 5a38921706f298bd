using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Aviso.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8620 §3: requests as a whole, and what each call of one is answered.</summary>
public sealed class RequestTests
{
    private const string Urn = "urn:ietf:params:jmap:error:";

    private static readonly FakeMethod Id = new("Test/id", call => call.Answer.WriteRawValue(call.Arguments.GetRawText()));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"using\":[],\"using\":[],\"methodCalls\":[]}")]
    [InlineData("{\"using\":[],\"methodCalls\":[[\"a\",{\"b\":1,\"\\u0062\":2},\"c\"]]}")]
    [InlineData("{\"using\":[],\"methodCalls\":[],\"x\":\"\\ud800\"}")]
    [InlineData("{\"using\":[],\"methodCalls\":[],\"x\":\"\\ud800\\u0041\"}")]
    [InlineData("{\"using\":[],\"methodCalls\":[],\"x\":\"\\udc00\\ud800\"}")]
    [InlineData("{\"using\":[],\"methodCalls\":[],\"\\udfff\":1}")]
    [InlineData("{\"using\":[],\"methodCalls\":[]}{}")]
    [InlineData("{\"using\":[],\"methodCalls\":[],}")]
    [InlineData("{\"using\":[],/**/\"methodCalls\":[]}")]
    public async Task What_is_no_I_JSON_is_notJSON(string body) => await RefusedAsync(body, 400, "notJSON");

    [Fact]
    public async Task Octets_that_are_no_UTF_8_are_notJSON()
    {
        var (status, root) = await new FakeJmap().PostAsync("{\"using\":[],\"methodCalls\":[],\"x\":\"\xff\"}"u8.ToArray()[..^3]);
        Assert.Equal((400, Urn + "notJSON"), (status, root.GetProperty("type").GetString()));
        (status, root) = await new FakeJmap().PostAsync([.. "{\"using\":[],\"methodCalls\":[],\"x\":\""u8, 0xff, .. "\"}"u8]);
        Assert.Equal((400, Urn + "notJSON"), (status, root.GetProperty("type").GetString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/jsonx")]
    [InlineData("application/problem+json")]
    public async Task Another_type_is_notJSON(string? type)
    {
        var (status, root) = await new FakeJmap().PostAsync("""{"using":[],"methodCalls":[]}""", type);
        Assert.Equal((400, Urn + "notJSON"), (status, root.GetProperty("type").GetString()));
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON")]
    public async Task Parameters_and_case_of_the_type_do_not_matter(string type) =>
        Assert.Equal(200, (await new FakeJmap().PostAsync("""{"using":[],"methodCalls":[]}""", type)).Status);

    [Theory]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("{}")]
    [InlineData("""{"using":[]}""")]
    [InlineData("""{"methodCalls":[]}""")]
    [InlineData("""{"using":null,"methodCalls":[]}""")]
    [InlineData("""{"using":"urn:ietf:params:jmap:core","methodCalls":[]}""")]
    [InlineData("""{"using":[1],"methodCalls":[]}""")]
    [InlineData("""{"using":[],"methodCalls":{}}""")]
    [InlineData("""{"using":[],"methodCalls":[[]]}""")]
    [InlineData("""{"using":[],"methodCalls":[["Core/echo",{}]]}""")]
    [InlineData("""{"using":[],"methodCalls":[["Core/echo",{},"a","b"]]}""")]
    [InlineData("""{"using":[],"methodCalls":[["Core/echo",[],"a"]]}""")]
    [InlineData("""{"using":[],"methodCalls":[["Core/echo",{},1]]}""")]
    [InlineData("""{"using":[],"methodCalls":[[1,{},"a"]]}""")]
    [InlineData("""{"using":[],"methodCalls":[],"createdIds":[]}""")]
    [InlineData("""{"using":[],"methodCalls":[],"createdIds":{"a":1}}""")]
    public async Task What_does_not_match_the_signature_is_notRequest(string body) => await RefusedAsync(body, 400, "notRequest");

    [Fact]
    public async Task A_capability_that_is_not_here_is_unknownCapability_and_named()
    {
        var body = """{"using":["urn:ietf:params:jmap:core","https://example.com/x"],"methodCalls":[]}""";
        var root = await RefusedAsync(body, 400, "unknownCapability");
        Assert.Contains("https://example.com/x", root.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_request_over_a_limit_names_the_limit()
    {
        var jmap = new FakeJmap(new JmapLimits { MaxSizeRequest = 200, MaxCallsInRequest = 1 });
        var (status, root) = await jmap.PostAsync($$$$"""{"using":[],"methodCalls":[],"x":"{{{{new string('a', 200)}}}}"}""");
        Assert.Equal((400, "maxSizeRequest"), (status, root.GetProperty("limit").GetString()));
        (status, root) = await jmap.PostAsync("""{"using":[],"methodCalls":[["Core/echo",{},"a"],["Core/echo",{},"b"]]}""");
        Assert.Equal((400, "maxCallsInRequest"), (status, root.GetProperty("limit").GetString()));
        Assert.Equal(Urn + "limit", root.GetProperty("type").GetString());
        Assert.Equal(400, root.GetProperty("status").GetInt32());
    }

    [Fact]
    public async Task One_account_has_only_so_many_requests_at_once_and_another_is_not_kept_out()
    {
        var gate = new TaskCompletionSource();
        var jmap = new FakeJmap(new JmapLimits { MaxConcurrentRequests = 1 }, new WaitingMethod(gate.Task));
        var first = jmap.CallAsync($$$$"""["Test/wait",{"accountId":"{{{{FakeJmap.Alice.Account}}}}"},"0"]""");
        var (status, root) = await jmap.PostAsync("""{"using":[],"methodCalls":[]}""");
        Assert.Equal((429, "maxConcurrentRequests"), (status, root.GetProperty("limit").GetString()));
        Assert.Equal(200, (await jmap.PostAsync("""{"using":[],"methodCalls":[]}""", user: new(new(8), "bob@example.test"))).Status);
        gate.SetResult();
        await first;
        Assert.Equal(200, (await jmap.PostAsync("""{"using":[],"methodCalls":[]}""")).Status);
    }

    [Fact]
    public async Task Echo_gives_back_what_it_was_given()
    {
        var (name, answer) = await new FakeJmap().OneAsync("Core/echo", """{"hello":true,"high":5,"x":[null,"\ud83d\ude00ü"]}""");
        Assert.Equal("Core/echo", name);
        Assert.Equal("😀ü", answer.GetProperty("x")[1].GetString());
        Assert.Equal(5, answer.GetProperty("high").GetInt32());
    }

    [Fact]
    public async Task What_is_not_in_using_is_not_there()
    {
        var (_, root) = await new FakeJmap(Id).PostAsync(
            $$$$"""{"using":[],"methodCalls":[["Core/echo",{},"0"],["Test/id",{"accountId":"{{{{FakeJmap.Alice.Account}}}}"},"1"]]}""");
        Assert.Equal("""[["error",{"type":"unknownMethod"},"0"],["error",{"type":"unknownMethod"},"1"]]""",
            root.GetProperty("methodResponses").GetRawText());
    }

    [Theory]
    [InlineData("Test/none", "{}", "unknownMethod")]
    [InlineData("test/id", "{}", "unknownMethod")]
    [InlineData("Test/id", "{}", "invalidArguments")]
    [InlineData("Test/id", """{"accountId":null}""", "invalidArguments")]
    [InlineData("Test/id", """{"accountId":7}""", "invalidArguments")]
    [InlineData("Test/id", """{"accountId":"other"}""", "accountNotFound")]
    public async Task Calls_that_cannot_be_made(string method, string arguments, string error) =>
        Assert.Equal(error, await new FakeJmap(Id).ErrorAsync(method, arguments));

    [Fact]
    public async Task A_login_without_the_capability_or_without_the_right_to_change_is_told_so()
    {
        var jmap = new FakeJmap(Id, new FakeMethod("Test/set", call => call.Answer.WriteRawValue("{}")));
        var arguments = $$$$"""{"accountId":"{{{{FakeJmap.Alice.Account}}}}"}""";
        Assert.Equal("accountNotSupportedByMethod",
            await jmap.ErrorAsync("Test/id", arguments, FakeJmap.Alice with { Scope = new LoginScope { Name = "elsewhere" } }));
        var reads = FakeJmap.Alice with { Scope = new LoginScope { ReadOnly = true } };
        Assert.Equal("accountReadOnly", await jmap.ErrorAsync("Test/set", arguments, reads));
        Assert.Equal("Test/id", (await jmap.OneAsync("Test/id", arguments, reads)).Name);
    }

    [Fact]
    public async Task A_call_that_fails_leaves_nothing_of_its_answer_and_the_next_is_made()
    {
        var jmap = new FakeJmap(new FakeMethod("Test/half", call =>
        {
            call.Answer.WriteStartObject();
            call.Answer.WriteString("much", new string('x', 100_000));
            call.Follow("Core/echo", writer => writer.WriteRawValue("{}"));
            throw new MethodFailure("forbidden", "not today", writer => writer.WriteNumber("wait", 3));
        }));
        var answers = await jmap.CallAsync(
            $$$$"""["Test/half",{"accountId":"{{{{FakeJmap.Alice.Account}}}}"},"a"],["Core/echo",{},"b"]""");
        Assert.Equal(
            """[["error",{"type":"forbidden","description":"not today","wait":3},"a"],["Core/echo",{},"b"]]""", answers.GetRawText());
    }

    [Fact]
    public async Task A_fault_is_serverFail_with_an_id_that_is_in_the_log()
    {
        var jmap = new FakeJmap(new FakeMethod("Test/fault", _ => throw new InvalidOperationException("secret text")));
        var (_, answer) = await jmap.OneAsync("Test/fault", $$$$"""{"accountId":"{{{{FakeJmap.Alice.Account}}}}"}""");
        Assert.Equal("serverFail", answer.GetProperty("type").GetString());
        var text = answer.GetProperty("description").GetString() ?? "";
        Assert.DoesNotContain("secret", text);
        Assert.Contains(jmap.Log.Lines, line => line.Contains(text.Split(' ')[^1], StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_call_wants_to_follow_comes_after_it_with_its_id()
    {
        var jmap = new FakeJmap(new FakeMethod("Test/first", call =>
        {
            call.Answer.WriteRawValue("{}");
            call.Follow("Core/echo", writer => writer.WriteRawValue("""{"of":"first"}"""));
            call.Follow("Test/none", writer => writer.WriteRawValue("{}"));
        }));
        var answers = await jmap.CallAsync(
            $$$$"""["Test/first",{"accountId":"{{{{FakeJmap.Alice.Account}}}}"},"a"],["Core/echo",{},"b"]""");
        Assert.Equal(
            """["Test/first",{},"a"] ["Core/echo",{"of":"first"},"a"] ["error",{"type":"unknownMethod"},"a"] ["Core/echo",{},"b"]""",
            string.Join(' ', answers.EnumerateArray().Select(a => a.GetRawText())));
    }

    [Fact]
    public async Task Created_ids_come_back_when_they_were_given()
    {
        var jmap = new FakeJmap(new FakeMethod("Test/make", call =>
        {
            call.Created.Add("b", "made");
            call.Answer.WriteStartObject();
            call.Answer.WriteString("a", call.Created.Resolve("#a"));
            call.Answer.WriteString("none", call.Created.Resolve("#none"));
            call.Answer.WriteString("plain", call.Created.Resolve("plain"));
            call.Answer.WriteEndObject();
        }));
        var call = $$$$"""["Test/make",{"accountId":"{{{{FakeJmap.Alice.Account}}}}"},"0"]""";
        var (_, root) = await jmap.PostAsync(
            $$$$"""{"using":["{{{{FakeJmap.Uri}}}}"],"methodCalls":[{{{{call}}}}],"createdIds":{"a":"one"}}""");
        Assert.Equal("""{"a":"one","none":null,"plain":"plain"}""", root.GetProperty("methodResponses")[0][1].GetRawText());
        Assert.Equal("""{"a":"one","b":"made"}""", root.GetProperty("createdIds").GetRawText());
        (_, root) = await jmap.PostAsync($$$$"""{"using":["{{{{FakeJmap.Uri}}}}"],"methodCalls":[{{{{call}}}}]}""");
        Assert.False(root.TryGetProperty("createdIds", out _));
    }

    [Fact]
    public async Task An_answer_that_is_too_long_is_requestTooLarge_and_the_next_call_finds_room()
    {
        var jmap = new FakeJmap(new JmapLimits { MaxSizeResponse = 10_000 }, new FakeMethod("Test/long", call =>
        {
            call.Answer.WriteStartArray();
            for (var i = 0; i < 100_000; i++) call.Answer.WriteStringValue("0123456789");
            call.Answer.WriteEndArray();
        }));
        var answers = await jmap.CallAsync(
            $$$$"""["Test/long",{"accountId":"{{{{FakeJmap.Alice.Account}}}}"},"a"],["Core/echo",{"b":1},"b"]""");
        Assert.Equal("requestTooLarge", answers[0][1].GetProperty("type").GetString());
        Assert.Equal("""{"b":1}""", answers[1][1].GetRawText());
    }

    [Fact]
    public async Task A_text_of_many_values_or_many_levels_costs_no_more_than_a_refusal()
    {
        var jmap = new FakeJmap();
        var many = string.Join(',', Enumerable.Repeat('1', 1_100_000));
        var (status, root) = await jmap.PostAsync($$$$"""{"using":[],"methodCalls":[],"x":[{{{{many}}}}]}""");
        Assert.Equal((400, Urn + "notJSON"), (status, root.GetProperty("type").GetString()));
        (status, _) = await jmap.PostAsync($$$$"""{"using":[],"methodCalls":[],"x":{{{{new string('[', 500_000)}}}}""");
        Assert.Equal(400, status);
        var deep = new string('[', 3000) + new string(']', 3000);
        var (name, answer) = await jmap.OneAsync("Core/echo", $$$$"""{"deep":{{{{deep}}}}}""");
        Assert.Equal("Core/echo", name);
        Assert.Equal(deep, answer.GetProperty("deep").GetRawText());
    }

    [Fact]
    public async Task The_call_id_is_given_back_whatever_it_is()
    {
        var (_, root) = await new FakeJmap().PostAsync("""{"using":[],"methodCalls":[["x",{},"\"\u0000\n😀"]]}""");
        Assert.Equal("\"\0\n😀", root.GetProperty("methodResponses")[0][2].GetString());
    }

    private static async Task<JsonElement> RefusedAsync(string body, int status, string type)
    {
        var (answered, root) = await new FakeJmap().PostAsync(Encoding.UTF8.GetBytes(body));
        Assert.Equal((status, Urn + type), (answered, root.GetProperty("type").GetString()));
        return root;
    }

    private sealed class WaitingMethod(Task until) : IMethod
    {
        public string Name => "Test/wait";

        public string Capability => FakeJmap.Uri;

        public async Task RunAsync(Call call, CancellationToken cancel)
        {
            await until;
            call.Answer.WriteRawValue("{}");
        }
    }
}
