using System.Globalization;
using System.Runtime.InteropServices;
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
    private const int OfEachDressed = 6;

    // Of grams fewer are enough, and they are what takes room.
    private const int GramsOfOneIn = 3;
    private const int Bits = 18;
    private const string Plain =
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";

    private static readonly string[] Names = ["Anna", "Ben", "Carla", "David", "Eva", "Felix", "Marie", "Jan", "Olga", "Luis", "Sofia",
        "Paul"];
    private static readonly string[] Firms = ["Blumen Huber", "Nordlicht", "Casa Verde", "Papeterie Dupont", "Old Mill Books", "Van Dijk",
        "Lampara", "Zielony Dom", "Harbour", "Lindt & Co", "Apotheke am Markt", "Stadtwerke", "Metro Rail", "Blue Sky", "Corner Bank",
        "City Clinic", "Green Energy", "Atlas", "Oak Street School", "Bürgerbüro", "Librairie Centrale", "Fernando", "Sunrise", "Pixel"];
    private static readonly string[] Days = ["Monday", "12.03.", "Friday", "3 May", "21/10", "2026-02-14", "Samstag", "mardi", "el lunes",
        "piątek"];
    private static readonly string[] Money = ["€49.90", "$2,400", "1.250,00 €", "£3.20", "12 USD", "4.500.000 USD", "89 zł", "1 990 ₽",
        "3,50 EUR", "2.300 TL"];

    private static readonly string[] Syllables =
        ["ka", "lo", "mi", "ren", "ster", "va", "do", "pel", "nu", "gra", "bel", "ti", "os", "han", "wer", "qui"];

    private readonly Random _random = new(seed);

    public static async Task MakeAsync(string spoolFolder)
    {
        var templates = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "tests", "Bench", "Start", "letters.txt"));
        var spool = new BodySpool(spoolFolder, 1L << 28);
        var folder = Path.Combine(Checkout.Root, "src", "Services", "Spam", "Learning");
        var examples = new StartLetters(templates, 7).All()
            .Select(l => new Example(0, l.IsSpam, Tokens(Encoding.UTF8.GetBytes(Plain + l.Text), spool))).ToList();
        var octets = StartingWords.Make(examples, Bits, CancellationToken.None);
        await File.WriteAllBytesAsync(Path.Combine(folder, "start.words"), octets);
        var dressed = new StartLetters(templates, 11).Dressed(OfEachDressed)
            .Select((l, i) => (l.IsSpam, Octets: Encoding.UTF8.GetBytes(l.Text), HasGrams: i % GramsOfOneIn == 0))
            .Select(l => (l.IsSpam, Tokens(l.Octets, spool), l.HasGrams ? Grams(l.Octets, spool) : [])).ToList();
        // Each kind gives way in the same measure.
        new Random(3).Shuffle(CollectionsMarshal.AsSpan(dressed));
        var letters = StartingLetters.Make(dressed);
        await File.WriteAllBytesAsync(Path.Combine(folder, "start.letters"), letters);
        Console.WriteLine($"{examples.Count} letters, {octets.Length} octets; {dressed.Count} in clothes, {letters.Length} octets");
    }

    /// <summary>Letters in the clothes of today, so many of each kind.</summary>
    public IEnumerable<(bool IsSpam, string Text)> Dressed(int ofEach)
    {
        var dress = new LetterDress(new Random(seed + 1));
        foreach (var (isSpam, lines) in Kinds())
        {
            for (var i = 0; i < ofEach; i++)
            {
                var name = _random.Next(3) == 0 ? $"{Pick(Names)} {Pick(Names)}" : Pick(Firms);
                yield return (isSpam, dress.Around(Fill(Pick(lines[0][2..].Split('|'))), name, Domain(), Text(lines)));
            }
        }
    }

    /// <summary>Whole messages, the kinds of each language in turn.</summary>
    public IEnumerable<(bool IsSpam, string Text)> All() =>
        from kind in Kinds() from i in Enumerable.Range(0, OfEach) select (kind.IsSpam, Letter(kind.Lines));

    private IEnumerable<(bool IsSpam, List<string> Lines)> Kinds()
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
            if (kind is not null) yield return (kind[1] == "spam", lines);
            kind = line.Trim('[', ']', ' ', '\r').Split(' ');
            lines = [];
        }
    }

    private string Letter(List<string> lines)
    {
        var text = new StringBuilder();
        text.Append("From: <a@one.example>\r\nSubject: ").Append(Fill(Pick(lines[0][2..].Split('|')))).Append("\r\n\r\n");
        foreach (var line in Text(lines)) text.Append(line).Append("\r\n");
        return text.ToString();
    }

    private List<string> Text(List<string> lines)
    {
        var text = new List<string>();
        foreach (var line in lines.Skip(1))
        {
            // Some ways to say it stand beside each other, some lines are missing.
            var ways = line.Split('|');
            if (text.Count > 0 && _random.Next(6) == 0 && lines.Count > 3) continue;
            var first = _random.Next(ways.Length);
            var said = Fill(ways[first]);
            text.Add(ways.Length > 2 && _random.Next(3) == 0 ? $"{said} {Fill(ways[(first + 1) % ways.Length])}" : said);
        }
        return text;
    }

    private string Domain() =>
        string.Concat(Enumerable.Range(0, _random.Next(2, 5)).Select(_ => Pick(Syllables)))
            + Pick([".example", ".com", ".de", ".fr", ".net", ".org", ".co.uk", ".nl", ".es", ".it"]);

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

    private static uint[] Tokens(byte[] letter, BodySpool spool)
    {
        var input = SpamCorpus.Input(new("", "", false, 0, letter), spool);
        using (input.Body)
        {
            using var tokens = new TokenSet();
            MessageTokens.Read(new SpamContext(input, DateTimeOffset.UnixEpoch).Content, input.Root, tokens);
            return tokens.ToArray();
        }
    }

    private static uint[] Grams(byte[] letter, BodySpool spool)
    {
        var input = SpamCorpus.Input(new("", "", false, 0, letter), spool);
        using (input.Body)
        {
            using var grams = new GramSet();
            grams.Read(new SpamContext(input, DateTimeOffset.UnixEpoch).Content);
            return grams.ToArray();
        }
    }
}
