using System.Globalization;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Spam;

namespace Aviso.Tests.Unit.Spam.Learning;

/// <summary>Made-up letters of two kinds that a classifier can tell apart, and what checks are given of a message.</summary>
internal static class Letters
{
    private static readonly BodySpool Spool = new(Path.GetTempPath(), 1L << 30);

    private static readonly string[] Good =
        ["meeting", "agenda", "minutes", "project", "review", "budget", "schedule", "release", "notes", "draft"];

    private static readonly string[] Bad =
        ["pills", "casino", "lottery", "winner", "cheap", "replica", "millions", "inheritance", "loan", "crypto"];

    public static string Ham(int n) => Text("Bob <bob@example.net>", Good, n);

    public static string Spam(int n) => Text("Offers <offers@example.com>", Bad, n);

    public static SpamInput Input(string text)
    {
        var octets = Encoding.UTF8.GetBytes(text.Replace("\n", "\r\n", StringComparison.Ordinal));
        var body = Spool.Begin();
        body.Write(octets);
        var scanner = new MimeScanner();
        scanner.Append(octets);
        return new() { Body = body, Root = scanner.Finish() };
    }

    public static SpamContext Context(string text) => new(Input(text), DateTimeOffset.UnixEpoch);

    public static bool Learn(this LearnedWords words, string key, bool isSpam, string text)
    {
        var context = Context(text);
        return words.Learn(default, Encoding.ASCII.GetBytes(key), isSpam, context.Content, context.Input.Root);
    }

    /// <summary>Teaches <paramref name="count"/> letters of each kind.</summary>
    public static async Task TeachAsync(LearnedWords words, int count)
    {
        for (var n = 0; n < count; n++)
        {
            words.Learn($"h{n}", false, Ham(n));
            words.Learn($"s{n}", true, Spam(n));
        }
        await words.SettleAsync();
    }

    private static string Text(string from, string[] words, int n)
    {
        var pick = new Random(n);
        string Some(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => words[pick.Next(words.Length)]));
        return string.Create(CultureInfo.InvariantCulture,
            $"From: {from}\nTo: alice@example.test\nSubject: {Some(3)}\nDate: Mon, 1 Jun 2026 10:00:00 +0000\nMessage-ID: <{n}@example.net>\n\nHello Alice,\n{Some(30)}\nregards {n}\n");
    }
}
