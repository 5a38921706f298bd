using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>Random walks of AddressBook/set and ContactCard/set beside a model of dictionaries: what is got is the model, and what changes
/// tell from any state that was seen leads from what was there to what is there.</summary>
public sealed class ContactModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Contacts_are_what_a_simple_model_says(int seed)
    {
        await using var scene = await JmapScene.OpenAsync();
        var walk = new Walk(scene, new Random(seed));
        await walk.StartAsync();
        for (var step = 0; step < 60; step++) await walk.StepAsync();
        await walk.CheckHistoryAsync();
    }

    private sealed class Walk(JmapScene scene, Random random)
    {
        private readonly Dictionary<string, string> _books = new(StringComparer.Ordinal);
        private readonly Dictionary<string, ModelCard> _cards = new(StringComparer.Ordinal);
        private readonly List<(string State, Dictionary<string, string> Records)> _bookHistory = [], _cardHistory = [];
        private string _default = "";
        private int _count;

        public async Task StartAsync()
        {
            _default = await scene.DefaultBookAsync();
            _books[_default] = "Contacts";
            await CheckAsync();
        }

        public async Task StepAsync()
        {
            switch (random.Next(7))
            {
                case 0: await MakeBookAsync(); break;
                case 1: await DropBookAsync(); break;
                case 2: await MoveDefaultAsync(); break;
                case 3 or 4: await MakeCardAsync(); break;
                case 5: await ChangeCardAsync(); break;
                default: await DropCardAsync(); break;
            }
            await CheckAsync();
        }

        /// <summary>From each state that was seen to the last one, few changes at a time.</summary>
        public async Task CheckHistoryAsync()
        {
            foreach (var (type, history) in new[] { ("AddressBook", _bookHistory), ("ContactCard", _cardHistory) })
            {
                foreach (var (state, records) in history)
                {
                    var (known, since) = (records.Keys.ToHashSet(StringComparer.Ordinal), state);
                    var fresh = new HashSet<string>(StringComparer.Ordinal);
                    for (var isMore = true; isMore;)
                    {
                        var changes = await scene.OneAsync(type + "/changes", $"\"sinceState\":\"{since}\",\"maxChanges\":20");
                        foreach (var id in Ids(changes, "created")) Assert.True(known.Add(id));
                        Assert.All(Ids(changes, "updated"), id => Assert.Contains(id, known));
                        foreach (var id in Ids(changes, "destroyed")) Assert.True(known.Remove(id));
                        fresh.UnionWith([.. Ids(changes, "created"), .. Ids(changes, "updated")]);
                        since = changes.GetProperty("newState").GetString() ?? "";
                        isMore = changes.GetProperty("hasMoreChanges").GetBoolean();
                    }
                    var now = history[^1].Records;
                    Assert.Equal(now.Keys.Order(StringComparer.Ordinal), known.Order(StringComparer.Ordinal));
                    // Who was not told of is as it was.
                    foreach (var (id, record) in now.Where(r => !fresh.Contains(r.Key))) Assert.Equal(records[id], record);
                }
            }
        }

        private async Task MakeBookAsync()
        {
            var name = $"book {_count++}";
            _books[await scene.BookAsync(name)] = name;
        }

        private async Task DropBookAsync()
        {
            var (id, withContents) = (Pick(_books.Keys), random.Next(2) == 0);
            var set = await scene.OneAsync(
                "AddressBook/set", $"\"destroy\":[\"{id}\"],\"onDestroyRemoveContents\":{(withContents ? "true" : "false")}");
            var expected = id == _default ? "forbidden"
                : !withContents && _cards.Values.Any(c => c.Books.Contains(id)) ? "addressBookHasContents" : "";
            Assert.Equal(expected, set.GetProperty("notDestroyed").ValueKind == JsonValueKind.Null ? ""
                : set.GetProperty("notDestroyed").GetProperty(id).GetProperty("type").GetString());
            if (expected.Length > 0) return;
            _books.Remove(id);
            foreach (var (card, of) in _cards.ToList())
                if (of.Books.Remove(id) && of.Books.Count == 0) _cards.Remove(card);
        }

        private async Task MoveDefaultAsync()
        {
            _default = Pick(_books.Keys);
            await scene.OneAsync("AddressBook/set", $"\"onSuccessSetIsDefault\":\"{_default}\"");
        }

        private async Task MakeCardAsync()
        {
            var card = new ModelCard(random.Next(12).ToString(CultureInfo.InvariantCulture), $"n{_count++}", [Pick(_books.Keys)]);
            var set = await scene.OneAsync("ContactCard/set", $$$$"""
                "create":{"a":{"@type":"Card","version":"1.0","uid":"{{{{card.Uid}}}}","name":{"full":"{{{{card.Name}}}}"},
                "addressBookIds":{"{{{{card.Books.Single()}}}}":true}}}
                """);
            var isTaken = _cards.Values.Any(c => c.Uid == card.Uid);
            Assert.Equal(isTaken, set.GetProperty("created").ValueKind == JsonValueKind.Null);
            if (!isTaken) _cards[set.GetProperty("created").GetProperty("a").GetProperty("id").GetString() ?? ""] = card;
        }

        private async Task ChangeCardAsync()
        {
            if (_cards.Count == 0) return;
            var (id, book, name) = (Pick(_cards.Keys), Pick(_books.Keys), $"n{_count++}");
            var card = _cards[id];
            var isGone = card.Books.Contains(book) && random.Next(2) == 0;
            var set = await scene.OneAsync("ContactCard/set", $$$$"""
                "update":{"{{{{id}}}}":{"name/full":"{{{{name}}}}","addressBookIds/{{{{book}}}}":{{{{(isGone ? "null" : "true")}}}}}}
                """);
            var mayBe = !isGone || card.Books.Count > 1;
            Assert.Equal(mayBe, set.GetProperty("updated").ValueKind != JsonValueKind.Null);
            if (!mayBe) return;
            if (isGone) card.Books.Remove(book);
            else card.Books.Add(book);
            card.Name = name;
        }

        private async Task DropCardAsync()
        {
            if (_cards.Count == 0) return;
            var id = Pick(_cards.Keys);
            var set = await scene.OneAsync("ContactCard/set", $"\"destroy\":[\"{id}\"]");
            Assert.Equal([id], Ids(set, "destroyed"));
            _cards.Remove(id);
        }

        private async Task CheckAsync()
        {
            var books = await ReadAsync("AddressBook", _bookHistory,
                b => $"{b.GetProperty("name").GetString()} {b.GetProperty("isDefault").GetBoolean()}");
            Assert.Equal(_books.ToDictionary(b => b.Key, b => $"{b.Value} {b.Key == _default}"), books);
            var cards = await ReadAsync("ContactCard", _cardHistory, Text);
            Assert.Equal(_cards.ToDictionary(c => c.Key, c => c.Value.ToString()), cards);
            var book = Pick(_books.Keys);
            var found = await scene.OneAsync("ContactCard/query", $"\"filter\":{{\"inAddressBook\":\"{book}\"}}");
            var expected = _cards.Where(c => c.Value.Books.Contains(book)).Select(c => c.Key).Order(StringComparer.Ordinal);
            Assert.Equal(expected, Ids(found, "ids"));
        }

        private async Task<Dictionary<string, string>> ReadAsync(
            string type, List<(string State, Dictionary<string, string> Records)> history, Func<JsonElement, string> text)
        {
            var answer = await scene.OneAsync(type + "/get", "");
            var records = answer.GetProperty("list").EnumerateArray().ToDictionary(r => r.GetProperty("id").GetString() ?? "", text);
            history.Add((answer.GetProperty("state").GetString() ?? "", records));
            return records;
        }

        private static string Text(JsonElement card) => new ModelCard(
            card.GetProperty("uid").GetString() ?? "", card.GetProperty("name").GetProperty("full").GetString() ?? "",
            [.. card.GetProperty("addressBookIds").EnumerateObject().Select(p => p.Name)]).ToString();

        private string Pick(ICollection<string> of) => of.Order(StringComparer.Ordinal).ElementAt(random.Next(of.Count));

        private static List<string> Ids(JsonElement answer, string name) =>
            [.. answer.GetProperty(name).EnumerateArray().Select(static id => id.GetString() ?? "")];
    }

    private sealed class ModelCard(string uid, string name, SortedSet<string> books)
    {
        public string Uid => uid;

        public string Name { get; set; } = name;

        public SortedSet<string> Books { get; } = new(books, StringComparer.Ordinal);

        public override string ToString() => $"{Uid} {Name} {string.Join(',', Books)}";
    }
}
