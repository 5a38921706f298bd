using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>An address book as full as it may be.</summary>
public sealed class ManyCardsTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_query_and_its_first_fifty_read_no_other_cards()
    {
        await using var scene = await JmapScene.OpenAsync();
        var book = await scene.DefaultBookAsync();
        for (var i = 0; i < ContactLimits.Cards; i += 500)
        {
            var cards = Enumerable.Range(i, 500).Select(n => $"\"k{n}\":{ContactScene.Card(book, $$$"""
                "name":{"components":[{"kind":"given","value":"Given{{{n % 97}}}"},{"kind":"surname","value":"Surname{{{n:x5}}}"}]},
                "emails":{"e":{"address":"person{{{n}}}@example.org"}},"phones":{"p":{"number":"+359 2 {{{n:000000}}}"}},
                "organizations":{"o":{"name":"Company {{{n % 500}}}"}},"notes":{"n":{"note":"Met at the harbour in {{{1990 + (n % 30)}}}."}}
                """)}");
            var set = await scene.OneAsync("ContactCard/set", $"\"create\":{{{string.Join(',', cards)}}}");
            Assert.Equal(JsonValueKind.Null, set.GetProperty("notCreated").ValueKind);
        }
        var full = await scene.OneAsync("ContactCard/set", $"\"create\":{{\"a\":{ContactScene.Card(book, "")}}}");
        Assert.Equal("overQuota", full.GetProperty("notCreated").GetProperty("a").GetProperty("type").GetString());

        var rows = new CountedRows(scene.Store.Store);
        using var contacts = new ContactStore(rows, new(scene.Clock), scene.Clock);
        var (query, get) = (new ShortQueryMethod(new ContactCardQuery(contacts, new()), new()), new ContactCardGet(contacts, new()));
        await FirstAsync();
        var (lists, gets) = (rows.Lists, rows.Gets);
        var ids = await FirstAsync();
        Assert.Equal((0, 2 * 2 + 50), (rows.Lists - lists, rows.Gets - gets));
        Assert.Equal(50, ids.Count);
        for (var i = 0; i < 20; i++) await FirstAsync();

        async Task<List<string>> FirstAsync()
        {
            var (began, before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var found = await AskAsync(query, """{"limit":50,"sort":[{"property":"name/surname"}]}""");
            var got = await AskAsync(get, $"{{\"ids\":{found.GetProperty("ids").GetRawText()}}}");
            output.WriteLine($"query and get of the first 50 of 10,000: {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0.0} ms, "
                + $"{(Environment.CpuUsage.TotalTime - before).TotalMilliseconds:0.0} CPU ms");
            return [.. got.GetProperty("list").EnumerateArray().Select(static c => c.GetProperty("id").GetString() ?? "")];
        }

        async Task<JsonElement> AskAsync(IMethod method, string arguments)
        {
            var answer = new ArrayBufferWriter<byte>();
            using (var document = JsonDocument.Parse(arguments.Insert(1, $"\"accountId\":\"{scene.Account}\",")))
            using (var writer = new Utf8JsonWriter(answer))
                await method.RunAsync(new(document.RootElement, writer, scene.Alice, scene.Account, new()), default);
            using var read = JsonDocument.Parse(answer.WrittenMemory);
            return read.RootElement.Clone();
        }
    }
}
