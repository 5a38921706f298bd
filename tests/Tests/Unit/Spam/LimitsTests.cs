using System.Text;
using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Unit.Spam;

/// <summary>LIMIT_HIT: what is not looked at counts, or a limit would be a way around the checks.</summary>
public sealed class LimitsTests
{
    // Images, forms, map areas and rules of style sheets ended without a word: what hid a text behind the three hundredth rule hid.
    [Theory]
    [InlineData("<img src=x width=1 height=1>", 500)]
    [InlineData("<form action=https://far.example/x></form>", 500)]
    [InlineData("<map><area href=https://far.example/x></map>", 500)]
    [InlineData("<a href=https://far.example/x>x</a>", 500)]
    [InlineData("<style>.c{n} { color: red }</style>", 300)]
    public async Task What_is_beyond_a_limit_of_a_page_counts(string piece, int most)
    {
        Assert.DoesNotContain(SpamContext.LimitSymbol, await FoundAsync(piece, most), StringComparer.Ordinal);
        Assert.Contains(SpamContext.LimitSymbol, await FoundAsync(piece, most + 1), StringComparer.Ordinal);
    }

    private static async Task<IReadOnlyList<string>> FoundAsync(string piece, int count)
    {
        var page = string.Concat(Enumerable.Range(0, count).Select(i => piece.Replace("{n}", $"{i}", StringComparison.Ordinal)));
        var context = new SpamContext(SpamMail.Input(Encoding.ASCII.GetBytes(
            $"From: a@far.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<html><body>hello {page}</body></html>\r\n")), default);
        await new LimitsCheck().CheckAsync(context, default);
        return [.. context.Symbols.Select(s => s.Name)];
    }
}
