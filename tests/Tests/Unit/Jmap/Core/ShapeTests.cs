using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>The standard arguments and answers of RFC 8620 §5.1 to §5.6.</summary>
public sealed class ShapeTests
{
    private static readonly JmapLimits Limits = new()
    {
        MaxObjectsInGet = 3,
        MaxObjectsInSet = 3,
        MaxIdsInQuery = 4,
        MaxChanges = 10,
        MaxFilterDepth = 5,
        MaxFilterNodes = 20,
    };

    private static readonly string Account = FakeJmap.Alice.Account.ToString();

    private static readonly string[] Ids = ["a", "b", "c", "d", "e", "f"];

    private static readonly FakeJmap Jmap = new(Limits, Get(), Changes(), Query(), QueryChanges(), Copy());

    [Theory]
    [InlineData("", "a,b,c/-/all")]
    [InlineData(""","ids":null,"properties":null""", "a,b,c/-/all")]
    [InlineData(""","ids":[]""", "/-/all")]
    [InlineData(""","ids":["c","x","c","A"]""", "c/x,A/all")]
    [InlineData(""","ids":["a"],"properties":[]""", "a/-/")]
    [InlineData(""","ids":["a"],"properties":["name","id","name"]""", "a/-/name")]
    public async Task Get_reads(string more, string expected)
    {
        var (name, answer) = await Jmap.OneAsync("Test/get", $$$$"""{"accountId":"{{{{Account}}}}"{{{{more}}}}}""");
        Assert.Equal("Test/get", name);
        var list = string.Join(',', answer.GetProperty("list").EnumerateArray().Select(o => o.GetProperty("id").GetString()));
        var notFound = answer.GetProperty("notFound").EnumerateArray().Select(o => o.GetString()).DefaultIfEmpty("-");
        Assert.Equal(expected, $"{list}/{string.Join(',', notFound)}/{answer.GetProperty("wants").GetString()}");
        Assert.Equal(Account, answer.GetProperty("accountId").GetString());
    }

    [Theory]
    [InlineData("Test/get", ""","ids":"a" """, "invalidArguments")]
    [InlineData("Test/get", ""","ids":[1]""", "invalidArguments")]
    [InlineData("Test/get", ""","ids":[null]""", "invalidArguments")]
    [InlineData("Test/get", ""","properties":["none"]""", "invalidArguments")]
    [InlineData("Test/get", ""","properties":{}""", "invalidArguments")]
    [InlineData("Test/get", ""","other":1""", "invalidArguments")]
    [InlineData("Test/get", ""","ids":["1","2","3","4"]""", "requestTooLarge")]
    [InlineData("Test/changes", "", "invalidArguments")]
    [InlineData("Test/changes", ""","sinceState":null""", "invalidArguments")]
    [InlineData("Test/changes", ""","sinceState":1""", "invalidArguments")]
    [InlineData("Test/changes", ""","sinceState":"5","maxChanges":0""", "invalidArguments")]
    [InlineData("Test/changes", ""","sinceState":"5","maxChanges":-1""", "invalidArguments")]
    [InlineData("Test/changes", ""","sinceState":"5","maxChanges":1.5""", "invalidArguments")]
    [InlineData("Test/changes", ""","sinceState":"5","maxChanges":9007199254740992""", "invalidArguments")]
    [InlineData("Test/changes", ""","sinceState":"5","maxChanges":1e300""", "invalidArguments")]
    [InlineData("Test/changes", ""","sinceState":"05" """, "cannotCalculateChanges")]
    [InlineData("Test/changes", ""","sinceState":"x" """, "cannotCalculateChanges")]
    [InlineData("Test/query", ""","position":null""", "invalidArguments")]
    [InlineData("Test/query", ""","position":"1" """, "invalidArguments")]
    [InlineData("Test/query", ""","limit":-1""", "invalidArguments")]
    [InlineData("Test/query", ""","calculateTotal":1""", "invalidArguments")]
    [InlineData("Test/query", ""","anchor":"none" """, "anchorNotFound")]
    [InlineData("Test/query", ""","sort":{}""", "invalidArguments")]
    [InlineData("Test/query", ""","sort":[1]""", "invalidArguments")]
    [InlineData("Test/query", ""","sort":[{}]""", "invalidArguments")]
    [InlineData("Test/query", ""","sort":[{"property":"id","isAscending":"no"}]""", "invalidArguments")]
    [InlineData("Test/query", ""","sort":[{"property":"none"}]""", "unsupportedSort")]
    [InlineData("Test/query", ""","sort":[{"property":"id","collation":"i;none"}]""", "unsupportedSort")]
    [InlineData("Test/query", ""","filter":[]""", "invalidArguments")]
    [InlineData("Test/query", ""","filter":{"operator":"and","conditions":[]}""", "invalidArguments")]
    [InlineData("Test/query", ""","filter":{"operator":"AND"}""", "invalidArguments")]
    [InlineData("Test/query", ""","filter":{"operator":"AND","conditions":{}}""", "invalidArguments")]
    [InlineData("Test/query", ""","filter":{"operator":"AND","conditions":[],"is":"a"}""", "invalidArguments")]
    [InlineData("Test/query", ""","filter":{"operator":"AND","conditions":[null]}""", "invalidArguments")]
    [InlineData("Test/queryChanges", "", "invalidArguments")]
    [InlineData("Test/queryChanges", ""","sinceQueryState":"1","maxChanges":2""", "tooManyChanges")]
    [InlineData("Test/queryChanges", ""","sinceQueryState":"1","upToId":1""", "invalidArguments")]
    [InlineData("Test/copy", "", "invalidArguments")]
    [InlineData("Test/copy", ""","fromAccountId":"other","create":{}""", "fromAccountNotFound")]
    public async Task Wrong_arguments_are_refused(string method, string more, string error) =>
        Assert.Equal(error, await Jmap.ErrorAsync(method, $$$$"""{"accountId":"{{{{Account}}}}"{{{{more}}}}}"""));

    [Fact]
    public async Task Copying_into_the_same_account_is_invalidArguments()
    {
        var arguments = $$$$"""{"accountId":"{{{{Account}}}}","fromAccountId":"{{{{Account}}}}","create":{"a":{"id":"x"}}}""";
        Assert.Equal("invalidArguments", await Jmap.ErrorAsync("Test/copy", arguments));
    }

    [Theory]
    [InlineData("", "0 a b c d limit 4")]
    [InlineData(""","limit":2""", "0 a b")]
    [InlineData(""","limit":0""", "0")]
    [InlineData(""","limit":5""", "0 a b c d limit 4")]
    [InlineData(""","limit":2.0,"position":1e0""", "1 b c")]
    [InlineData(""","limit":3,"position":4,"calculateTotal":true""", "4 e f of 6")]
    [InlineData(""","limit":3,"position":6""", "6")]
    [InlineData(""","limit":3,"position":-2""", "4 e f")]
    [InlineData(""","limit":3,"position":-20""", "0 a b c")]
    [InlineData(""","limit":2,"anchor":"d","position":1""", "3 d e")]
    [InlineData(""","limit":2,"anchor":"d","anchorOffset":-2""", "1 b c")]
    [InlineData(""","limit":2,"anchor":"b","anchorOffset":-9""", "0 a b")]
    [InlineData(""","limit":2,"anchor":"b","anchorOffset":9""", "10")]
    [InlineData(""","limit":2,"anchorOffset":3""", "0 a b")]
    [InlineData(""","limit":9,"filter":{"is":"c"}""", "0 c limit 4")]
    [InlineData(""","limit":4,"filter":{"operator":"NOT","conditions":[{"is":"a"},{"is":"c"}]}""", "0 b d e f")]
    [InlineData(""","limit":4,"filter":{"operator":"OR","conditions":[{"is":"f"},{"is":"c"}]}""", "0 c f")]
    [InlineData(""","limit":4,"filter":{"operator":"AND","conditions":[{"is":"f"},{"is":"c"}]}""", "0")]
    [InlineData(""","limit":1,"filter":{"operator":"AND","conditions":[]}""", "0 a")]
    [InlineData(""","limit":1,"filter":{"operator":"OR","conditions":[]}""", "0")]
    [InlineData(""","limit":1,"filter":{"operator":"NOT","conditions":[]}""", "0 a")]
    public async Task A_query_gives_the_part_that_is_asked_for(string more, string expected)
    {
        var (_, answer) = await Jmap.OneAsync("Test/query", $$$$"""{"accountId":"{{{{Account}}}}"{{{{more}}}}}""");
        var ids = answer.GetProperty("ids").EnumerateArray().Select(i => i.GetString());
        var text = string.Join(' ', ids.Prepend(answer.GetProperty("position").GetRawText()));
        if (answer.TryGetProperty("total", out var total)) text += $" of {total}";
        if (answer.TryGetProperty("limit", out var limit)) text += $" limit {limit}";
        Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData(5, 1)]
    [InlineData(2, 15)]
    public async Task Filters_within_their_limits_are_taken(int depth, int width)
    {
        var filter = Nested(depth, width);
        var (name, _) = await Jmap.OneAsync("Test/query", $$$$"""{"accountId":"{{{{Account}}}}","filter":{{{{filter}}}}}""");
        Assert.Equal("Test/query", name);
    }

    [Theory]
    [InlineData(6, 1)]
    [InlineData(1, 20)]
    [InlineData(1000, 1)]
    [InlineData(1, 10_000)]
    public async Task Filters_beyond_their_limits_are_unsupported(int depth, int width)
    {
        var filter = Nested(depth, width);
        var arguments = $$$$"""{"accountId":"{{{{Account}}}}","filter":{{{{filter}}}}}""";
        Assert.Equal("unsupportedFilter", await Jmap.ErrorAsync("Test/query", arguments));
    }

    [Fact]
    public async Task Changes_and_query_changes_are_written_whole()
    {
        var (_, changes) = await Jmap.OneAsync("Test/changes", $$$$"""{"accountId":"{{{{Account}}}}","sinceState":"5","maxChanges":7}""");
        Assert.Equal(
            $"accountId {Account}, oldState 5, newState 7, hasMoreChanges True, created [\"c\"], updated [], destroyed [\"d\"], more 5",
            Told(changes));
        var (_, query) = await Jmap.OneAsync(
            "Test/queryChanges", $$$$"""{"accountId":"{{{{Account}}}}","sinceQueryState":"1","calculateTotal":true}""");
        Assert.Equal(
            $"accountId {Account}, oldQueryState 1, newQueryState 2, total 9, removed [\"x\"], "
            + """added [{"id":"y","index":0},{"id":"z","index":4}]""", Told(query));
    }

    private static string Told(JsonElement answer) => string.Join(", ", answer.EnumerateObject().Select(m => $"{m.Name} {m.Value}"));

    private static string Nested(int depth, int width)
    {
        var conditions = string.Join(',', Enumerable.Repeat("""{"is":"a"}""", width));
        for (var i = 0; i < depth; i++) conditions = $$$$"""{"operator":"OR","conditions":[{{{{conditions}}}}]}""";
        return conditions;
    }

    private static FakeMethod Get() => new("Test/get", call =>
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, Limits, p => p is "name" or "size");
        reader.End();
        GetAnswer.Begin(call, "5");
        var asked = get.Ids ?? Ids[..3];
        foreach (var id in asked.Where(Ids.Contains))
        {
            call.Answer.WriteStartObject();
            call.Answer.WriteString("id", id);
            call.Answer.WriteEndObject();
        }
        call.Answer.WriteEndArray();
        call.Answer.WriteTexts("notFound"u8, asked.Except(Ids));
        call.Answer.WriteString("wants", get.Properties is null ? "all" : get.Wants("name") ? "name" : "");
        call.Answer.WriteEndObject();
    });

    private static FakeMethod Changes() => new("Test/changes", call =>
    {
        var reader = call.Read();
        var changes = ChangesArguments.Read(reader, Limits);
        reader.End();
        Assert.Equal(5, JmapState.Since(changes.SinceState));
        Assert.Equal(7, changes.MaxChanges);
        new ChangesAnswer(changes.SinceState, JmapState.Of(7)) { HasMoreChanges = true, Created = ["c"], Destroyed = ["d"] }
            .Write(call, writer => writer.WriteNumber("more", 5));
    });

    private static FakeMethod Query() => new("Test/query", call =>
    {
        var reader = call.Read();
        var filter = new FilterReader<string>(Limits, Condition).Read(reader);
        var sort = Comparator.ReadAll(reader, p => p is "id");
        var window = QueryWindow.Read(reader);
        reader.End();
        Assert.All(sort, c => Assert.Equal("i;unicode-casemap", c.Collation));
        var found = Ids.Where(id => filter?.Matches(id, (is_, one) => is_ == one) != false).ToList();
        var (start, count) = window.Within(found.Count, id => found.IndexOf(id), Limits);
        new QueryAnswer("1", true, start, found.Skip(start).Take(count), found.Count).Write(call, window, Limits);
    });

    private static string Condition(JsonElement value)
    {
        var reader = new ArgumentReader(value);
        var text = reader.Text("is");
        reader.End();
        return text;
    }

    private static FakeMethod QueryChanges() => new("Test/queryChanges", call =>
    {
        var reader = call.Read();
        var arguments = QueryChangesArguments.Read(reader);
        reader.End();
        new QueryChangesAnswer("2", ["x"], [new("y", 0), new("z", 4)], 9).Write(call, arguments);
    });

    private static FakeMethod Copy() => new("Test/copy", call =>
    {
        var reader = call.Read();
        CopyArguments.Read(call, reader, Limits);
        reader.End();
        call.Answer.WriteRawValue("{}");
    });
}
