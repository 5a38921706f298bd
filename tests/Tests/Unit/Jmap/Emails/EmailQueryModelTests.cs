using Aviso.Base;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>Email/query beside a model that looks at every email, and Email/queryChanges replayed on lists that clients keep, while mail
/// comes, changes and goes.</summary>
public sealed class EmailQueryModelTests
{
    private static readonly string[] Keywords = ["$seen", "$flagged", "$junk", "work", "nobody"];
    private static readonly string[] Words = ["apple", "Pear", "plum", "ähre"];

    private readonly record struct Known(
        EmailId Id, ThreadId Thread, long ReceivedAt, long Size, IReadOnlySet<string> Mailboxes, IReadOnlySet<string> Keywords, string From,
        string Subject, string Body);

    private sealed record Kept(string Query, string State, List<string> Ids);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Results_are_those_of_the_model_and_changes_lead_to_them(int seed)
    {
        await using var scene = await EmailScene.OpenAsync();
        var random = new Random(seed);
        var run = new MixedRun(scene.Mail, random);
        var texts = new Dictionary<EmailId, (string From, string Subject, string Body)>();
        var kept = new List<Kept>();
        for (var step = 0; step < 120; step++)
        {
            if (random.Next(3) == 0) await DeliverAsync(scene, random, texts);
            else await run.StepAsync();
            if (random.Next(2) == 0) continue;
            var known = await LookAsync(scene, run, texts);
            var (filter, matches) = Filter(random, known, 2);
            var (sort, order) = Sort(random, known);
            var collapse = random.Next(2) == 0;
            var query = $$"""{"filter":{{filter}},"sort":{{sort}},"collapseThreads":{{(collapse ? "true" : "false")}}""";
            var ids = await QueryAsync(scene, query);
            var expected = Expected(known, matches, order, sort, collapse);
            Assert.True(
                expected.SequenceEqual(ids.Ids), $"{query}: expected {string.Join(' ', expected)}, got {string.Join(' ', ids.Ids)}");
            kept.Add(ids);
            await ReplayAsync(scene, kept, random);
        }
    }

    private static async Task ReplayAsync(EmailScene scene, List<Kept> kept, Random random)
    {
        var at = random.Next(kept.Count);
        var old = kept[at];
        var changes = await scene.CallAsync(
            "Email/queryChanges", $$"""{{old.Query}},"sinceQueryState":"{{old.State}}","calculateTotal":true}""");
        var removed = EmailScene.Texts(changes.GetProperty("removed")).ToHashSet();
        var ids = old.Ids.Where(id => !removed.Contains(id)).ToList();
        var last = -1;
        foreach (var item in changes.GetProperty("added").EnumerateArray())
        {
            var index = item.GetProperty("index").GetInt32();
            Assert.True(index > last);
            last = index;
            ids.Insert(index, item.GetProperty("id").GetString()!);
        }
        var now = await QueryAsync(scene, old.Query);
        Assert.Equal(now.Ids, ids);
        Assert.Equal(now.Ids.Count, changes.GetProperty("total").GetInt32());
        Assert.Equal(now.State, changes.GetProperty("newQueryState").GetString());
        kept[at] = now;
    }

    private static async Task<Kept> QueryAsync(EmailScene scene, string query)
    {
        var answer = await scene.CallAsync("Email/query", query + ",\"calculateTotal\":true}");
        var ids = EmailScene.Texts(answer.GetProperty("ids"));
        Assert.Equal(ids.Count, answer.GetProperty("total").GetInt32());
        Assert.True(answer.GetProperty("canCalculateChanges").GetBoolean());
        return new(query, answer.GetProperty("queryState").GetString()!, ids);
    }

    private static async Task DeliverAsync(
        EmailScene scene, Random random, Dictionary<EmailId, (string From, string Subject, string Body)> texts)
    {
        var subject = string.Join(' ', random.GetItems(Words, random.Next(3)));
        var text = (From: random.GetItems(Words, 1)[0], Subject: subject, Body: random.GetItems(Words, 1)[0]);
        var mailboxes = await scene.Mail.Test.Store.ListMailboxesAsync(scene.Mail.Account, default);
        var id = await scene.DeliverAsync(
            $"From: {text.From} <{text.From[..1]}@example.org>\nSubject: {text.Subject}\nContent-Type: text/html; charset=utf-8\n\n"
                + $"<p title=\"{Words[0]}\">{text.Body}</p>\n",
            random.GetItems(mailboxes.ToArray(), 1)[0].Name, random.GetItems(Keywords[2..4], random.Next(2)));
        texts[id] = text;
    }

    private static async Task<List<Known>> LookAsync(
        EmailScene scene, MixedRun run, Dictionary<EmailId, (string From, string Subject, string Body)> texts)
    {
        var mail = (await scene.Mails.OfAsync(scene.Mail.Account, default))!;
        return [.. (await run.LookAsync()).Select(pair =>
        {
            Assert.True(mail.TryFind(pair.Key, out var row));
            var (from, subject, body) = texts.GetValueOrDefault(pair.Key, ("", "", "x"));
            return new Known(
                pair.Key, row.Thread, row.ReceivedAt, row.Size, pair.Value.Mailboxes, pair.Value.Keywords, from, subject, body);
        })];
    }

    private static List<string> Expected(
        List<Known> known, Func<Known, bool> matches, Comparison<Known> order, string sort, bool collapse)
    {
        var found = known.Where(matches).ToList();
        // What is equal stands by age, in the direction of the first comparator that asks for it.
        const string byAge = "\"receivedAt\",\"isAscending\":";
        var first = sort.IndexOf(byAge, StringComparison.Ordinal);
        var oldestFirst = first >= 0 && sort[(first + byAge.Length)..].StartsWith("true", StringComparison.Ordinal);
        found.Sort((a, b) =>
        {
            var by = order(a, b);
            if (by != 0) return by;
            var age = (a.ReceivedAt, a.Id.Value).CompareTo((b.ReceivedAt, b.Id.Value));
            return oldestFirst ? age : -age;
        });
        var seen = new HashSet<ThreadId>();
        return [.. found.Where(one => !collapse || seen.Add(one.Thread)).Select(one => one.Id.ToString())];
    }

    private static (string Json, Func<Known, bool> Matches) Filter(Random random, List<Known> known, int depth)
    {
        if (depth > 0 && random.Next(3) == 0)
        {
            var inner = Enumerable.Range(0, random.Next(4)).Select(_ => Filter(random, known, depth - 1)).ToList();
            var json = string.Join(',', inner.Select(one => one.Json));
            return random.Next(3) switch
            {
                0 => ($$"""{"operator":"AND","conditions":[{{json}}]}""", email => inner.TrueForAll(one => one.Matches(email))),
                1 => ($$"""{"operator":"OR","conditions":[{{json}}]}""", email => inner.Exists(one => one.Matches(email))),
                _ => ($$"""{"operator":"NOT","conditions":[{{json}}]}""", email => !inner.Exists(one => one.Matches(email))),
            };
        }
        var all = Enumerable.Range(0, random.Next(3)).Select(_ => Condition(random, known)).DistinctBy(one => one.Name).ToList();
        return ($$"""{{{string.Join(',', all.Select(one => $"\"{one.Name}\":{one.Value}"))}}}""", email => all.TrueForAll(
            one => one.Matches(email)));
    }

    private static (string Name, string Value, Func<Known, bool> Matches) Condition(Random random, List<Known> known)
    {
        var keyword = random.GetItems(Keywords, 1)[0];
        var word = random.GetItems(Words, 1)[0];
        var (some, size) = (known.Count == 0 ? default : known[random.Next(known.Count)], random.Next(60, 200));
        var mailbox = some.Mailboxes?.First() ?? "nobody";
        var date = DateTimeOffset.FromUnixTimeSeconds(some.ReceivedAt).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        bool Has(Known email) => email.Keywords.Contains(keyword);
        IEnumerable<Known> Thread(Known email) => known.Where(other => other.Thread == email.Thread);
        bool Holds(string text) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
        return random.Next(16) switch
        {
            0 => ("inMailbox", $"\"{mailbox}\"", email => email.Mailboxes.Contains(mailbox)),
            1 => ("inMailboxOtherThan", $"[\"{mailbox}\",\"x\"]", email => email.Mailboxes.Any(other => other != mailbox)),
            2 => ("before", $"\"{date}\"", email => email.ReceivedAt < some.ReceivedAt),
            3 => ("after", $"\"{date}\"", email => email.ReceivedAt >= some.ReceivedAt),
            4 => ("minSize", $"{size}", email => email.Size >= size),
            5 => ("maxSize", $"{size}", email => email.Size < size),
            6 => ("allInThreadHaveKeyword", $"\"{keyword}\"", email => Thread(email).All(Has)),
            7 => ("someInThreadHaveKeyword", $"\"{keyword}\"", email => Thread(email).Any(Has)),
            8 => ("noneInThreadHaveKeyword", $"\"{keyword}\"", email => !Thread(email).Any(Has)),
            9 => ("hasKeyword", $"\"{keyword.ToUpperInvariant()}\"", Has),
            10 => ("notKeyword", $"\"{keyword}\"", email => !Has(email)),
            11 => ("hasAttachment", "false", _ => true),
            12 => ("from", $"\"{word}\"", email => Holds(email.From)),
            13 => ("subject", $"\"{word}\"", email => Holds(email.Subject)),
            14 => ("body", $"\"{word}\"", email => Holds(email.Body)),
            _ => ("text", $"\"{word}\"", email => Holds(email.From) || Holds(email.Subject) || Holds(email.Body)),
        };
    }

    private static (string Json, Comparison<Known> Order) Sort(Random random, List<Known> known)
    {
        var parts = Enumerable.Range(0, random.Next(3)).Select(_ => Comparator(random, known)).ToList();
        return ($"[{string.Join(',', parts.Select(part => part.Json))}]", (a, b) => parts.Select(part => part.Order(a, b)).FirstOrDefault(
            order => order != 0));
    }

    private static (string Json, Comparison<Known> Order) Comparator(Random random, List<Known> known)
    {
        var keyword = random.GetItems(Keywords, 1)[0];
        bool Has(Known email) => email.Keywords.Contains(keyword);
        IEnumerable<Known> Thread(Known email) => known.Where(other => other.Thread == email.Thread);
        var (name, order) = random.Next(7) switch
        {
            0 => ("receivedAt", (Comparison<Known>)((a, b) => a.ReceivedAt.CompareTo(b.ReceivedAt))),
            1 => ("size", (a, b) => a.Size.CompareTo(b.Size)),
            2 => ("from", (a, b) => string.CompareOrdinal(UnicodeCasemap.Key(a.From), UnicodeCasemap.Key(b.From))),
            3 => ("subject", (a, b) => string.CompareOrdinal(UnicodeCasemap.Key(a.Subject), UnicodeCasemap.Key(b.Subject))),
            4 => ("hasKeyword", (a, b) => Has(a).CompareTo(Has(b))),
            5 => ("allInThreadHaveKeyword", (a, b) => Thread(a).All(Has).CompareTo(Thread(b).All(Has))),
            _ => ("someInThreadHaveKeyword", (a, b) => Thread(a).Any(Has).CompareTo(Thread(b).Any(Has))),
        };
        var ascending = random.Next(2) == 0;
        var json = $$"""{"property":"{{name}}","isAscending":{{(ascending ? "true" : "false")}},"keyword":"{{keyword}}"}""";
        return (json, ascending ? order : (a, b) => -order(a, b));
    }
}
