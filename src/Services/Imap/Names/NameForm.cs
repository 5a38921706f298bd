using System.Text;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// How an account's clients see names of mailboxes. Clients keep caches, filters and choices of folders by name, so an account that moved
/// in goes
/// on with the separator (`.` of a Maildir++) and the prefix (`INBOX.` of Courier) of its old server. Inside, levels are separated by `/`.
/// </summary>
/// <param name="Separator">One octet of ASCII, `/` or `.`.</param>
/// <param name="Prefix">What stands before every name but INBOX, the separator at its end; or empty.</param>
public sealed record MailboxNaming(char Separator, string Prefix)
{
    /// <summary>One document an account; its value is the separator and the prefix. None: <see cref="Plain"/>.</summary>
    private const string Kind = "imap-names";

    public static readonly MailboxNaming Plain = new('/', "");

    /// <summary>Can names look so?</summary>
    public bool IsValid => Separator is '/' or '.' && (Prefix.Length == 0
        || (Prefix.Length <= 100 && Prefix[^1] == Separator && Prefix.AsSpan().Count(Separator) == 1 && Prefix.Length > 1
            && Prefix[..^1].All(char.IsAsciiLetterOrDigit)));

    public static async Task<MailboxNaming> LoadAsync(IDocumentRows rows, AccountId account, CancellationToken cancel) =>
        await rows.GetDocumentAsync(account, Kind, "", cancel) is { Value: [var separator, ..] value }
            && new MailboxNaming((char)separator, Encoding.ASCII.GetString(value.AsSpan(1))) is { IsValid: true } naming ? naming : Plain;

    /// <summary>From the next login on.</summary>
    public Task SaveAsync(IDocumentRows rows, AccountId account, long now, CancellationToken cancel) => rows.ChangeDocumentsAsync(
        [new(new(account, Kind, ""), [(byte)Separator, .. Encoding.ASCII.GetBytes(Prefix)], now)], [], cancel);
}

/// <summary>How one session writes names: RFC 3501 §5.1.3 or UTF-8, with its account's separator and prefix.</summary>
internal readonly record struct NameForm(bool Utf8, MailboxNaming? Naming = null)
{
    public static implicit operator NameForm(bool utf8) => new(utf8);

    public char Separator => Naming?.Separator ?? '/';

    public string Prefix => Naming?.Prefix ?? "";

    /// <summary>With `/` for the separator, and the other way round: each name has one spelling on either side.</summary>
    public string Turned(string name)
    {
        var separator = Separator;
        return separator == '/' ? name : string.Create(name.Length, (name, separator), static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
                to[i] = from.name[i] == '/' ? from.separator : from.name[i] == from.separator ? '/' : from.name[i];
        });
    }

    /// <summary>A client's name as it is inside.</summary>
    public string Inward(string name)
    {
        if (Prefix.Length > 0 && name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) name = name[Prefix.Length..];
        return Turned(name);
    }

    public string Outward(string name) => Turned(Whole(name));

    /// <summary>The name with its prefix, separated by `/`: what patterns of LIST are about.</summary>
    public string Whole(string name) => Prefix.Length == 0 || name == "INBOX" ? name : Turned(Prefix) + name;
}
