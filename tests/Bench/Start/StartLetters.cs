using System.Globalization;
using System.Text;
using Aviso.Base;
using Aviso.Spam;
using Aviso.Tests;

namespace Aviso.Bench;

/// <summary>Letters made of letters.txt: the same for the same seed. `./dev bench quality --make-start` trains the starting knowledge on
/// them.</summary>
internal sealed class StartLetters(string templates, int seed)
{
    private const int OfEach = 60;
    private const int Bits = 18;

    private static readonly string[] Names = ["Anna", "Ben", "Carla", "David", "Eva", "Felix", "Marie", "Jan", "Olga", "Luis", "Sofia",
        "Paul"];
    private static readonly string[] Firms = ["Blumen Huber", "Nordlicht", "Casa Verde", "Papeterie Dupont", "Old Mill Books", "Van Dijk",
        "Lampara", "Zielony Dom"];
    private static readonly string[] Days = ["Monday", "12.03.", "Friday", "3 May", "21/10", "2026-02-14", "Samstag", "mardi", "el lunes",
        "piątek"];
    private static readonly string[] Money = ["€49.90", "$2,400", "1.250,00 €", "£3.20", "12 USD", "4.500.000 USD", "89 zł", "1 990 ₽",
        "3,50 EUR", "2.300 TL"];

    private readonly Random _random = new(seed);

    public static async Task MakeAsync(string folder)
    {
        var path = Path.Combine(Checkout.Root, "tests", "Bench", "Start", "letters.txt");
        var letters = new StartLetters(await File.ReadAllTextAsync(path), 7);
        var spool = new BodySpool(folder, 1L << 28);
        var examples = letters.All().Select(l => new Example(0, l.IsSpam, Tokens(l.Text, spool))).ToList();
        var octets = StartingWords.Make(examples, Bits, CancellationToken.None);
        await File.WriteAllBytesAsync(Path.Combine(Checkout.Root, "src", "Services", "Spam", "Learning", "start.words"), octets);
        Console.WriteLine($"{examples.Count} letters, {octets.Length} octets");
    }

    /// <summary>Whole messages, the kinds of each language in turn.</summary>
    public IEnumerable<(bool IsSpam, string Text)> All()
    {
        string[]? kind = null;
        var lines = new List<string>();
        foreach (var line in templates.Split('\n').Append("[end]"))
        {
            if (line.StartsWith('#') || line.Trim().Length == 0) continue;
            if (!line.StartsWith('['))
            {
                lines.Add(line.Trim());
                continue;
            }
            for (var i = 0; kind is not null && i < OfEach; i++) yield return (kind[1] == "spam", Letter(lines));
            kind = line.Trim('[', ']', ' ', '\r').Split(' ');
            lines.Clear();
        }
    }

    private string Letter(List<string> lines)
    {
        var text = new StringBuilder();
        text.Append("From: <a@one.example>\r\nSubject: ").Append(Fill(Pick(lines[0][2..].Split('|')))).Append("\r\n\r\n");
        foreach (var line in lines.Skip(1))
        {
            // Some ways to say it stand beside each other, some lines are missing.
            var ways = line.Split('|');
            if (ways.Length == 0 || (_random.Next(6) == 0 && lines.Count > 3)) continue;
            var first = _random.Next(ways.Length);
            text.Append(Fill(ways[first])).Append(' ');
            if (ways.Length > 2 && _random.Next(3) == 0) text.Append(Fill(ways[(first + 1) % ways.Length]));
            text.Append("\r\n");
        }
        return text.ToString();
    }

    private string Fill(string text)
    {
        var into = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf('{', at);
            if (open < 0)
            {
                into.Append(text, at, text.Length - at);
                break;
            }
            var close = text.IndexOf('}', open);
            into.Append(text, at, open - at).Append(Pick(text[(open + 1)..close].Split('/')));
            at = close + 1;
        }
        return into.Replace("NAME", Pick(Names)).Replace("FIRM", Pick(Firms)).Replace("DAY", Pick(Days)).Replace("MONEY", Pick(Money))
            .Replace("TIME", $"{_random.Next(7, 21)}:{_random.Next(6)}0").Replace("CODE",
                _random.Next(100_000, 999_999).ToString(CultureInfo.InvariantCulture))
            .ToString().Trim();
    }

    private string Pick(string[] from) => from[_random.Next(from.Length)].Trim();

    private static uint[] Tokens(string text, BodySpool spool)
    {
        var input = SpamCorpus.Input(new("", "", false, 0,
            Encoding.UTF8.GetBytes("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n" + text)), spool);
        using (input.Body)
        {
            using var tokens = new TokenSet();
            MessageTokens.Read(new SpamContext(input, DateTimeOffset.UnixEpoch).Content, input.Root, tokens);
            return tokens.ToArray();
        }
    }
}
