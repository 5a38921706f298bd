using System.Text;
using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Filters and sorts as a stranger writes them: a plan, or an error of the RFC.</summary>
public sealed class JmapFilterFuzz
{
    private static readonly string[] Types = ["invalidArguments", "unsupportedFilter", "unsupportedSort"];

    private static readonly string[] Seeds =
    [
        """{"filter":{"operator":"AND","conditions":[{"inMailbox":"0abc","text":"a 'b c' \"d"},{"operator":"NOT","conditions":[{"header":["X","y"]}]}]}}""",
        """{"filter":{"before":"2014-10-30T06:12:00Z","after":"2014-10-30T06:12:00.5Z","minSize":0,"hasAttachment":true},"sort":null}""",
        """{"sort":[{"property":"hasKeyword","keyword":"$seen","isAscending":false},{"property":"subject","collation":"i;octet"}]}""",
    ];

    [Fact]
    public void Filters_and_sorts_of_any_shape_are_plans_or_errors() => Mutator.Run(
        [.. Seeds.Select(Encoding.UTF8.GetBytes)], 1_000,
        input =>
        {
            using var json = InternetJson.Parse(input, out _);
            if (json?.RootElement is { ValueKind: JsonValueKind.Object } arguments) Read(arguments);
        });

    [Fact]
    public void A_filter_that_is_too_deep_or_too_large_is_unsupported()
    {
        Assert.Equal("unsupportedFilter", Deep(1_000));
        Assert.Equal("unsupportedFilter", Wide(10_000));
        Assert.Null(Deep(20));
        Assert.Null(Wide(100));
    }

    private static string? Deep(int levels)
    {
        var filter = string.Concat(Enumerable.Repeat("""{"operator":"NOT","conditions":[""", levels)) + "{}"
            + string.Concat(Enumerable.Repeat("]}", levels));
        return Read($$"""{"filter":{{filter}}}""");
    }

    private static string? Wide(int conditions)
    {
        var all = string.Join(',', Enumerable.Repeat("{}", conditions));
        return Read("{\"filter\":{\"operator\":\"OR\",\"conditions\":[" + all + "]}}");
    }

    private static string? Read(string arguments)
    {
        using var json = JsonDocument.Parse(arguments, new() { MaxDepth = 4_000 });
        return Read(json.RootElement);
    }

    private static string? Read(JsonElement arguments)
    {
        try
        {
            EmailQueryPlan.Read(new(arguments), new());
            return null;
        }
        catch (MethodFailure failure)
        {
            Assert.Contains(failure.Type, Types);
            return failure.Type;
        }
    }
}
