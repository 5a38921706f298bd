using System.Text;
using Aviso.Base;
using Xunit;

namespace Aviso.Tests.Unit.Base;

public sealed class DomainNameTests
{
    // The A-labels are those of UTS 46 non-transitional, as browsers and Python's idna (uts46=True) make them.
    [Theory]
    [InlineData("Example.ORG", "example.org", "example.org")]
    [InlineData("example.org.", "example.org", "example.org")]
    [InlineData("MÜNCHEN.example", "xn--mnchen-3ya.example", "münchen.example")]
    [InlineData("münchen.example", "xn--mnchen-3ya.example", "münchen.example")]
    [InlineData("mu\u0308nchen.example", "xn--mnchen-3ya.example", "münchen.example")]
    [InlineData("MU\u0308NCHEN.EXAMPLE", "xn--mnchen-3ya.example", "münchen.example")]
    [InlineData("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example", "münchen.example")]
    [InlineData("straße.example", "xn--strae-oqa.example", "straße.example")]
    [InlineData("STRA\u1E9EE.example", "xn--strae-oqa.example", "straße.example")]
    [InlineData("пример.test", "xn--e1afmkfd.test", "пример.test")]
    [InlineData("ПРИМЕР.test", "xn--e1afmkfd.test", "пример.test")]
    [InlineData("\u03B2\u03CC\u03BB\u03BF\u03C2.com", "xn--nxasmm1c.com", "\u03B2\u03CC\u03BB\u03BF\u03C2.com")]
    [InlineData("例え\u3002jp", "xn--r8jz45g.jp", "例え.jp")]
    [InlineData("\uFF25xample\uFF0Eorg", "example.org", "example.org")]
    [InlineData("exa\u00ADmple.org", "example.org", "example.org")]
    [InlineData("my_host.example", "my_host.example", "my_host.example")]
    [InlineData("localhost", "localhost", "localhost")]
    [InlineData("xn--0.example", "xn--0.example", "xn--0.example")]
    public void Both_forms_are_made_by_one_rule_set(string text, string ascii, string unicode)
    {
        Assert.True(DomainName.TryParse(text, out var name));
        Assert.Equal((ascii, unicode), (name.Ascii, name.Unicode));
        Assert.True(DomainName.TryParse(ascii, out var again));
        Assert.True(DomainName.TryParse(unicode, out var third));
        Assert.True(name == again && name == third);
        Assert.Equal(name.GetHashCode(), third.GetHashCode());
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData(".example.org")]
    [InlineData("a..b")]
    [InlineData("a b.example")]
    [InlineData("a@b")]
    [InlineData("[192.0.2.1]")]
    [InlineData("\u2100.example")]
    [InlineData("mün\u202Echen.example")]
    [InlineData("mü\u0000.example")]
    [InlineData("mü\uD800.example")]
    [InlineData("mü,chen.example")]
    [InlineData("\u00A0.example")]
    [InlineData("xn--mnchen-3ya\u00FC.example")]
    public void What_is_no_name_is_refused(string text) => Assert.False(DomainName.TryParse(text, out _));

    // RFC 5893 §2, the number of the rule last.
    [Theory]
    [InlineData("\u05D0\u05D1\u05D2.example", 0)]
    [InlineData("\u0645\u062B\u0627\u0644.example", 0)]
    [InlineData("\u05D0-\u05D1.example", 0)]
    [InlineData("\u05D01\u05D1.example", 0)]
    [InlineData("mail.\u05D0\u05D1", 0)]
    [InlineData("m2.\u05D0\u05D1", 0)]
    [InlineData("3\u00FC.example", 0)]
    [InlineData("1\u05D0.example", 1)]
    [InlineData("1.\u05D0\u05D1", 1)]
    [InlineData("-a.\u05D0", 1)]
    [InlineData("\u05D0a.example", 2)]
    [InlineData("\u05D0\u00FC\u05D1.example", 2)]
    [InlineData("\u05D0-.example", 3)]
    [InlineData("\u05D01\u0661.example", 4)]
    [InlineData("a\u05D0.example", 5)]
    [InlineData("a\u0661.example", 5)]
    [InlineData("a-.\u05D0", 6)]
    public void A_label_from_right_to_left_keeps_the_rule_or_the_name_is_none(string text, int broken)
    {
        Assert.Equal(broken == 0, BidiRule.Allows(text));
        Assert.Equal(broken == 0, DomainName.TryParse(text, out var name));
        if (broken == 0) Assert.Equal(text, name.Unicode);
    }

    // The rule allows these; the runtime makes A-labels by the older one (RFC 3454 §6), which wants a letter at the end.
    [Theory]
    [InlineData("\u05D01.example")]
    [InlineData("\u05D0\u0661.example")]
    [InlineData("\u05D0\u05B0.example")]
    public void A_label_from_right_to_left_that_ends_in_a_digit_or_a_mark_is_known_by_its_a_labels_only(string text)
    {
        Assert.True(BidiRule.Allows(text));
        Assert.False(DomainName.TryParse(text, out _));
    }

    // The same name in A-labels may be in the DNS already: it is looked up, and shown as it is there.
    [Fact]
    public void A_labels_that_break_the_rule_stay_a_labels()
    {
        Assert.True(DomainName.TryParse("xn--1-0hc.example", out var name));
        Assert.Equal("xn--1-0hc.example", name.Ascii);
        Assert.Equal(name.Ascii, name.Unicode);
    }

    [Fact]
    public void Labels_and_names_have_their_limits()
    {
        Assert.True(DomainName.TryParse(new string('a', 63) + ".example", out _));
        Assert.False(DomainName.TryParse(new string('a', 64) + ".example", out _));
        Assert.False(DomainName.TryParse(new string('ü', 63) + ".example", out _));
        var longest = string.Join('.', Enumerable.Repeat(new string('a', 62), 4)) + ".b";
        Assert.True(DomainName.TryParse(longest, out var name));
        Assert.Equal(DomainName.MaxLength, name.Ascii.Length);
        Assert.False(DomainName.TryParse(longest + "b", out _));
    }

    [Fact]
    public void A_literal_is_a_case_of_its_own()
    {
        Assert.True(DomainName.TryParseOrLiteral("[IPv6:2001:DB8::1]", out var literal));
        Assert.Equal(("[ipv6:2001:db8::1]", true), (literal.Ascii, literal.IsLiteral));
        Assert.False(DomainName.TryParseOrLiteral("[192.0.2.1", out _));
        Assert.False(DomainName.TryParseOrLiteral("[a]b]", out _));
        Assert.True(DomainName.TryParseOrLiteral("example.org", out var plain));
        Assert.False(plain.IsLiteral);
    }

    [Fact]
    public void Below_means_at_a_dot()
    {
        Assert.True(DomainName.TryParse("mail.example.org", out var below));
        Assert.True(DomainName.TryParse("example.org", out var name));
        Assert.True(DomainName.TryParse("badexample.org", out var other));
        Assert.True(below.IsWithin(name) && name.IsWithin(name));
        Assert.False(other.IsWithin(name) || name.IsWithin(below) || name.IsWithin(default));
    }

    // Nothing a stranger writes may throw, and what is read once is read the same again in either form.
    [Fact]
    public void Every_name_that_is_read_comes_back_from_both_its_forms()
    {
        var random = new Random(4711);
        string[] pieces = ["a", "Z", "9", "-", "_", ".", "xn--", "mnchen-3ya", "ü", "U\u0308", "ß", "\u1E9E", "İ", "ς", "Σ", "я", "例", "。",
            "\u200D", "\u200C", "\u0301", "\u0644", "\u05D0", "١", "\uFF21", "\u2100", "☃", "\U0001F600", "\uD800", "\u00AD", " ", "@", "[", "\0", "\u1100", "\u1161", "K"];
        var read = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder();
            for (var n = random.Next(1, 9); n > 0; n--) text.Append(pieces[random.Next(pieces.Length)]);
            if (!DomainName.TryParse(text.ToString(), out var name)) continue;
            read++;
            Assert.True(DomainName.TryParse(name.Ascii, out var a) && a.Ascii == name.Ascii && a.Unicode == name.Unicode, text.ToString());
            Assert.True(DomainName.TryParse(name.Unicode, out var u) && u.Ascii == name.Ascii && u.Unicode == name.Unicode, text.ToString());
            Assert.True(Ascii.IsValid(name.Ascii) && !name.Ascii.Any(char.IsAsciiLetterUpper) && name.Ascii.Length <= DomainName.MaxLength);
        }
        Assert.InRange(read, 1_000, 20_000);
    }
}
