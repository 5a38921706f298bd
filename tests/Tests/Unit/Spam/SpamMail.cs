using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Spam;

namespace Aviso.Tests.Unit.Spam;

/// <summary>Messages for the filter's tests, from text or octets.</summary>
internal static class SpamMail
{
    private static readonly BodySpool Spool = new(Path.GetTempPath(), long.MaxValue);

    public static SpamInput Input(byte[] octets)
    {
        var body = Spool.Begin();
        body.Write(octets);
        var scanner = new MimeScanner();
        scanner.Append(octets);
        return new() { Body = body, Root = scanner.Finish() };
    }

    public static SpamInput Input(string text) => Input(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n")));

    /// <summary>A whole, ordinary header around a body.</summary>
    public static SpamInput Around(
        string body, string type = "text/plain; charset=utf-8", string subject = "Hello", string from = "Ann <ann@one.example>") => Input(
        $"From: {from}\nTo: bob@two.example\nSubject: {subject}\nDate: Thu, 1 Jan 2026 10:00:00 +0000\nMessage-ID: <a@one.example>\nMIME-Version: 1.0\nContent-Type: {type}\n\n{body}\n");

    public static SpamContext Run(SpamInput input, params ISpamCheck[] checks)
    {
        var context = new SpamContext(input, new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        foreach (var check in checks) check.CheckAsync(context, default).AsTask().GetAwaiter().GetResult();
        return context;
    }

    public static SpamContext RunAll(SpamInput input) => Run(input, [.. BuiltInChecks.All(new RulesInForce(RuleSet.BuiltIn))]);
}
