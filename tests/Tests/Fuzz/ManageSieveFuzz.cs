using System.Text;
using Aviso.ManageSieve;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Grammar never throws, never reads past the end, and what it reads it would read again from our own writing.</summary>
public sealed class ManageSieveFuzz
{
    private static readonly string[] Seeds =
    [
        "AUTHENTICATE \"PLAIN\" {12+}\r\nAGEAYmNkZWY=",
        "HAVESPACE \"a\\\"b\" 4294967295",
        "PUTSCRIPT {4+}\r\nname {5+}\r\nkeep;",
        "RENAMESCRIPT \"ümlaut\" \"b\\\\\"",
        "NOOP \"{3+}\"",
    ];

    [Fact]
    public void Grammar_takes_anything() => Mutator.Run([.. Seeds.Select(Encoding.UTF8.GetBytes)], 2000, Check);

    private static void Check(byte[] input)
    {
        Grammar.EndsInLiteral(input, out _, out _);
        var g = new Grammar(input);
        g.Atom(out _);
        while (g.Sp())
        {
            var at = g.Position;
            if (g.Number(out _)) continue;
            if (!g.String(out string text)) break;
            Assert.InRange(g.Position, at + 1, input.Length);
            var again = new Grammar(Encoding.UTF8.GetBytes($"{{{Encoding.UTF8.GetByteCount(text)}+}}\r\n{text}"));
            Assert.True(again.String(out string same) && again.End());
            Assert.Equal(text, same);
        }
        Assert.InRange(g.Position, 0, input.Length);
    }
}
