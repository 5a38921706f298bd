using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Aviso.Accounts;
using Aviso.Mime;
using Aviso.Sieve;

namespace Aviso.Delivery;

/// <summary>
/// Says a reply of RFC 8621 §8 as a Sieve script of one command, so that whom it answers, how often and with what header is what
/// vacation does (RFC 5230, RFC 3834). Nobody sees the script.
/// </summary>
internal static class VacationScript
{
    /// <summary>In notes and logs, where a script's name stands.</summary>
    public const string Name = "vacation response";

    private const string DefaultText = "Thank you for your message. I am away at the moment, and it may take some time until I read it.";

    /// <summary>Characters of HTML that are made plain text.</summary>
    private const int MostText = 256 * 1024;

    private static readonly SieveOptions Compiling = new() { ScriptOctets = 8 << 20, Name = Name };

    // As long as the reply is the account's.
    private static readonly ConditionalWeakTable<VacationReply, SieveScript> Compiled = [];

    public static SieveScript Of(VacationReply reply) => Compiled.GetValue(reply, static one => Compile(one));

    private static SieveScript Compile(VacationReply reply)
    {
        var compiled = SieveCompiler.Compile(Text(reply), Compiling);
        return compiled.Script ?? throw new FormatException($"a vacation response is no script: {compiled.Errors[0]}");
    }

    private static string Text(VacationReply reply)
    {
        var subject = reply.Subject is { } given ? $" :subject {Quoted(given)}" : "";
        var reason = reply.Html is { } html ? $" :mime {Quoted(Mime(Plain(reply), html))}" : $" {Quoted(Plain(reply))}";
        return $"require \"vacation\";\r\nvacation :handle {Quoted(Handle(reply))}{subject}{reason};\r\n";
    }

    // RFC 5230 §4.7: who had one answer gets another when it says something else.
    private static string Handle(VacationReply reply) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{reply.Subject}\0{reply.Text}\0{reply.Html}")));

    // RFC 8621 §8: text from the HTML, or our own, where none was written.
    private static string Plain(VacationReply reply) =>
        reply.Text ?? (reply.Html is { } html ? HtmlText.Convert(html, MostText) : DefaultText);

    // What composing adds beside Content fields, vacation leaves out (RFC 5230 §4.1).
    private static string Mime(string text, string html) => Encoding.UTF8.GetString(new MessageComposer(
        new HeaderWriter(false), MimeEntity.Multipart("alternative", MimeEntity.Text(text), MimeEntity.Text(html, "html"))).Compose());

    // RFC 5228 §2.4.2: only these two are escaped.
    private static string Quoted(string text) => new StringBuilder(text.ReplaceLineEndings("\r\n"))
        .Replace("\\", "\\\\").Replace("\"", "\\\"").Insert(0, '"').Append('"').ToString();
}
