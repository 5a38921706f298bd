using Aviso.Jmap;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8621 §4.4.1: what a String of a filter asks for, and where it is found.</summary>
public sealed class SearchTermTests
{
    [Theory]
    [InlineData("one  two\tone", "one|two")]
    [InlineData("\"one two\" three", "[one two]|three")]
    [InlineData("'one  two'", "[one two]")]
    [InlineData("\"a \\\"b\\\" \\\\ \\c\"", "[a \"b\" \\ \\c]")]
    [InlineData("don't 'tis", "don't|'tis")]
    [InlineData("\"open", "\"open")]
    [InlineData("\"\" ''", "")]
    [InlineData("", "")]
    [InlineData("\"it's\"", "[it's]")]
    public void Tokens_and_phrases(string text, string terms) =>
        Assert.Equal(terms, string.Join('|', SearchTerms.Parse(text).Select(t => t.IsPhrase ? $"[{t.Text}]" : t.Text)));

    [Fact]
    public void Too_many_words_are_an_unsupported_filter() => Assert.Equal(
        "unsupportedFilter",
        Assert.Throws<MethodFailure>(() => SearchTerms.Parse(string.Join(' ', Enumerable.Range(0, SearchTerms.Most + 1)))).Type);

    [Theory]
    [InlineData("the Business of buses", "bus", false, "the [Bus]iness of [bus]es")]
    [InlineData("the bus, of buses", "bus", true, "the [bus], of buses")]
    [InlineData("one two\r\n three", "two three", true, "one [two\r\n three]")]
    [InlineData("Ärger ÄRGER a\u0308rger", "ärger", true, "[Ärger] [ÄRGER] [a\u0308rger]")]
    [InlineData("Ⅷ and vii", "VII", false, "[Ⅷ] and [vii]")]
    [InlineData("aaaa", "aa", false, "[aa][aa]")]
    [InlineData("C++ and C", "C++", true, "[C++] and C")]
    [InlineData("nothing", "xyz", false, "nothing")]
    public void Found_places_are_those_of_the_text(string text, string wanted, bool phrase, string marked)
    {
        var folded = new FoldedText(text);
        var places = folded.Places([new(wanted, phrase)], 100);
        Assert.Equal(marked.Contains('['), folded.Has(new(wanted, phrase)));
        foreach (var (start, end) in places.Reverse()) text = text.Insert(end, "]").Insert(start, "[");
        Assert.Equal(marked, text);
    }

    [Theory]
    [InlineData("a <b> & c", "b c", "a &lt;<mark>b</mark>&gt; &amp; <mark>c</mark>")]
    [InlineData("a <b> & c", "<b>", "a <mark>&lt;b&gt;</mark> &amp; c")]
    [InlineData("a", "b", null)]
    public void A_subject_is_escaped_and_marked(string subject, string wanted, string? html) =>
        Assert.Equal(html, SnippetWriter.Whole(subject, SearchTerms.Parse(wanted)));

    [Fact]
    public void A_section_is_around_the_first_word_found_and_never_longer_than_allowed()
    {
        var random = new Random(3);
        for (var round = 0; round < 2_000; round++)
        {
            var text = string.Concat(random.GetItems(["foo", "ba<", "&", " ", "ä", "😀", "\n ", "needle", "x"], random.Next(400)));
            var section = SnippetWriter.Section(text, [new("needle", false)]);
            Assert.Equal(text.Contains("needle", StringComparison.Ordinal), section is not null);
            if (section is null) continue;
            Assert.True(System.Text.Encoding.UTF8.GetByteCount(section) <= 255);
            Assert.Contains("<mark>needle", section, StringComparison.Ordinal);
            Assert.Equal(section.Split("<mark>").Length, section.Split("</mark>").Length);
            Assert.DoesNotContain("<b", section.Replace("<mark>", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.DoesNotContain('\n', section);
        }
    }

    [Theory]
    [InlineData(0x7FFF)]
    [InlineData(0xD800)]
    [InlineData(0x10000)]
    public void More_digits_are_a_greater_number_however_many(int digits)
    {
        var collation = Collation.Find("i;ascii-numeric");
        Assert.Equal(1, Math.Sign(collation.CompareTexts(new('1', digits), new('9', digits - 1))));
        Assert.Equal(1, Math.Sign(collation.CompareTexts("none", new('9', digits))));
    }

    [Theory]
    [InlineData("i;unicode-casemap", "ähre", "zebra", -1)]
    [InlineData("i;unicode-casemap", "A", "a", 0)]
    [InlineData("i;ascii-casemap", "a", "B", -1)]
    [InlineData("i;ascii-casemap", "ä", "Ä", 1)]
    [InlineData("i;octet", "B", "a", -1)]
    [InlineData("i;octet", "\uFFFD", "😀", -1)]
    [InlineData("i;ascii-numeric", "10 a", "9 b", 1)]
    [InlineData("i;ascii-numeric", "007", "7", 0)]
    [InlineData("i;ascii-numeric", "x", "999", 1)]
    public void Collations_order_texts(string name, string a, string b, int order)
    {
        var collation = Collation.Find(name);
        Assert.Equal(order, Math.Sign(Collation.Compare(collation.Key(a), collation.Key(b))));
    }
}
