using System.Diagnostics;
using System.Text;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8620 §3.7.</summary>
public sealed class ResultReferenceTests
{
    private const string First =
        """["Core/echo",{"ids":["a","b"],"list":[{"t":"1","e":["x","y"]},{"t":"2","e":["z"]}],"a/b":{"~":7},"n":null,"""
        + """
            "deep":[[[1],[2]],[[3]]]},"0"]
            """;

    private static string Second(string of, string name, string path) =>
        $$$$"""["Core/echo",{"#it":{"resultOf":"{{{{of}}}}","name":"{{{{name}}}}","path":"{{{{path}}}}"}},"1"]""";

    [Theory]
    [InlineData("/ids", """["a","b"]""")]
    [InlineData("/ids/1", "\"b\"")]
    [InlineData("/ids/*", """["a","b"]""")]
    [InlineData("/list/*/t", """["1","2"]""")]
    [InlineData("/list/*/e", """["x","y","z"]""")]
    [InlineData("/list/*/e/0", """["x","z"]""")]
    [InlineData("/list/*/e/*", """["x","y","z"]""")]
    [InlineData("/list/1", """{"t":"2","e":["z"]}""")]
    [InlineData("/a~1b/~0", "7")]
    [InlineData("/n", "null")]
    [InlineData("/deep/*/*", "[1,2,3]")]
    [InlineData("/deep/*", "[[1],[2],[3]]")]
    public async Task A_pointer_finds(string path, string value)
    {
        var answers = await new FakeJmap().CallAsync($"{First},{Second("0", "Core/echo", path)}");
        Assert.Equal($$$$"""{"it":{{{{value}}}}}""", answers[1][1].GetRawText());
    }

    [Theory]
    [InlineData("0", "Core/echo", "ids")]
    [InlineData("0", "Core/echo", "/none")]
    [InlineData("0", "Core/echo", "/ids/2")]
    [InlineData("0", "Core/echo", "/ids/01")]
    [InlineData("0", "Core/echo", "/ids/-")]
    [InlineData("0", "Core/echo", "/ids/-1")]
    [InlineData("0", "Core/echo", "/ids/0/x")]
    [InlineData("0", "Core/echo", "/list/*/none")]
    [InlineData("0", "Core/echo", "/a~2b")]
    [InlineData("0", "Core/echo", "/ids/99999999999999999999")]
    [InlineData("0", "Email/get", "/ids")]
    [InlineData("1", "Core/echo", "/it")]
    [InlineData("9", "Core/echo", "/ids")]
    public async Task A_pointer_that_finds_nothing_is_invalidResultReference(string of, string name, string path)
    {
        var answers = await new FakeJmap().CallAsync($"{First},{Second(of, name, path)}");
        Assert.Equal("invalidResultReference", answers[1][1].GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"resultOf":"0","name":"Core/echo"}""")]
    [InlineData("""{"resultOf":0,"name":"Core/echo","path":"/ids"}""")]
    public async Task What_is_no_reference_does_not_resolve(string reference)
    {
        var answers = await new FakeJmap().CallAsync($$$$"""{{{{First}}}},["Core/echo",{"#it":{{{{reference}}}}},"1"]""");
        Assert.Equal("invalidResultReference", answers[1][1].GetProperty("type").GetString());
    }

    [Fact]
    public async Task An_argument_given_twice_is_invalidArguments()
    {
        var twice = Second("0", "Core/echo", "/ids").Replace("{\"#it", "{\"it\":1,\"#it", StringComparison.Ordinal);
        var answers = await new FakeJmap().CallAsync($"{First},{twice}");
        Assert.Equal("invalidArguments", answers[1][1].GetProperty("type").GetString());
    }

    [Fact]
    public async Task Of_two_calls_with_one_id_the_first_response_counts()
    {
        var answers = await new FakeJmap().CallAsync(
            $$"""["Core/echo",{"v":1},"0"],["Core/echo",{"v":2},"0"],{{Second("0", "Core/echo", "/v")}}""");
        Assert.Equal("""{"it":1}""", answers[2][1].GetRawText());
        // The first response of the id is the error, whatever comes later.
        answers = await new FakeJmap().CallAsync(
            $$"""["No/such",{},"0"],["Core/echo",{"v":2},"0"],{{Second("0", "Core/echo", "/v")}}""");
        Assert.Equal("invalidResultReference", answers[2][1].GetProperty("type").GetString());
    }

    [Fact]
    public async Task References_that_double_what_they_point_at_end_within_bounds()
    {
        var calls = new StringBuilder($$$$"""["Core/echo",{"a":["{{{{new string('x', 100_000)}}}}"],"b":[]},"0"]""");
        for (var i = 1; i < 64; i++)
        {
            var all = $$$$"""{"resultOf":"{{{{i - 1}}}}","name":"Core/echo","path":""}""";
            calls.Append($$$$""",["Core/echo",{"#a":{{{{all}}}},"#b":{{{{all}}}}},"{{{{i}}}}"]""");
        }
        var watch = Stopwatch.StartNew();
        var answers = await new FakeJmap().CallAsync(calls.ToString());
        Assert.Equal(64, answers.GetArrayLength());
        var error = answers.EnumerateArray().First(a => a[0].GetString() == "error");
        Assert.Equal("requestTooLarge", error[1].GetProperty("type").GetString());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Many_references_into_much_end_within_bounds()
    {
        var list = string.Join(',', Enumerable.Repeat("""{"a":[1,2,3]}""", 50_000));
        var references = string.Join(',', Enumerable.Range(0, 32).Select(i => $$$$"""
            "#r{{{{i}}}}":{"resultOf":"0","name":"Core/echo","path":"/list/*/a/0"}
            """));
        var calls = string.Join(',', Enumerable.Range(1, 63).Select(i => $$$$"""["Core/echo",{{{{{references}}}}},"{{{{i}}}}"]"""));
        var watch = Stopwatch.StartNew();
        var answers = await new FakeJmap().CallAsync($$$$"""["Core/echo",{"list":[{{{{list}}}}]},"0"],{{{{calls}}}}""");
        Assert.Equal("invalidResultReference", answers[63][1].GetProperty("type").GetString());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Ten_thousand_references_in_one_call_are_refused_at_once()
    {
        var references = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $$$$"""
            "#r{{{{i}}}}":{"resultOf":"0","name":"Core/echo","path":"/ids"}
            """));
        Assert.Equal("invalidArguments", await new FakeJmap().ErrorAsync("Core/echo", $"{{{references}}}"));
    }
}
