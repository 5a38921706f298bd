using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>What a header says wrongly, twice or not at all (RFC 5322 §3.6), and the ways it pretends.</summary>
public sealed class HeaderCheck : ISpamCheck
{
    internal static readonly HashSet<string> Freemail = new(StringComparer.Ordinal)
    {
        "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de", "ymail.com", "rocketmail.com", "hotmail.com",
            "hotmail.co.uk",
        "hotmail.fr", "outlook.com", "outlook.de", "outlook.fr", "live.com", "msn.com", "aol.com", "aim.com", "icloud.com", "me.com",
            "mail.ru", "yandex.ru",
        "yandex.com", "gmx.de", "gmx.net", "gmx.com", "gmx.at", "web.de", "proton.me", "protonmail.com", "zoho.com", "mail.com", "qq.com",
            "163.com", "126.com",
        "naver.com", "libero.it", "laposte.net", "orange.fr", "wanadoo.fr", "terra.com.br", "uol.com.br", "tutanota.com", "consultant.com",
            "usa.com",
    };

    public string Name => "header";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var header = context.Content.Header;
        Missing(context, header);
        Dates(context, header);
        Names(context, header);
        Subject(context, header);
        return default;
    }

    private static void Missing(SpamContext context, MessageHeader header)
    {
        if (!header.Has("from")) context.Add("MISSING_FROM", 2, "no From field");
        else if (header.FromDomain.Length == 0) context.Add("FROM_NO_DOMAIN", 1.5, "From names no address with a domain");
        if (header.Count("from") > 1) context.Add("FROM_TWICE", 2, "more than one From field");
        if (header.From.Count > 1) context.Add("FROM_SEVERAL", 0.5, "several authors");
        if (header.Count("subject") > 1) context.Add("SUBJECT_TWICE", 1, "more than one Subject field");
        if (!header.Has("date")) context.Add("MISSING_DATE", 1, "no Date field");
        if (header.Find("message-id") is not { } id) context.Add("MISSING_MESSAGE_ID", 0.8, "no Message-ID field");
        else if (!id.Text.StartsWith('<') || !id.Text.Contains('@', StringComparison.Ordinal)) context.Add(
            "MESSAGE_ID_BROKEN", 0.7, "Message-ID is none");
        if (!header.Has("subject")) context.Add("MISSING_SUBJECT", 0.5, "no Subject field");
        var to = header.Find("to");
        if (to is null && !header.Has("cc")) context.Add("MISSING_TO", 0.5, "no To field");
        else if (to is not null && to.Text.Contains("undisclosed", StringComparison.OrdinalIgnoreCase)) context.Add(
            "TO_UNDISCLOSED", 0.6, "its recipients are not named");
        if (header.To.Count > 50) context.Add("MANY_RECIPIENTS", 0.5, $"{header.To.Count} recipients in the header");
    }

    private static void Dates(SpamContext context, MessageHeader header)
    {
        if (header.Find("date") is not { } line) return;
        if (!MailDate.TryParse(line.Value.Span, out var date)) context.Add("DATE_BROKEN", 1, "Date is none");
        // How old a message is says nothing where a file from disk is looked at.
        else if (context.Input.Client is not null && date > context.Now.AddDays(2)) context.Add(
            "DATE_AHEAD", 1.2, "Date lies more than two days ahead");
        else if (context.Input.Client is not null && date < context.Now.AddDays(-30)) context.Add(
            "DATE_OLD", 0.6, "Date lies more than 30 days back");
    }

    private static void Names(SpamContext context, MessageHeader header)
    {
        if (header.From.Count == 0) return;
        var from = header.From[0];
        var shown = PlainText.Fold(from.DisplayName);
        var at = shown.IndexOf('@', StringComparison.Ordinal);
        if (at > 0 && from.Domain.Length > 0 && AddressIn(shown, at) is { } other && !SameOrganization(other, header.FromDomain))
            context.Add("FROM_NAME_ADDRESS", 1.8, $"the name in From is an address at {other}, the sender is at {header.FromDomain}");
        var reply = header.ReplyTo.Count > 0 ? header.ReplyTo[0].Domain.ToLowerInvariant() : "";
        if (reply.Length == 0 || header.FromDomain.Length == 0 || SameOrganization(reply, header.FromDomain)) return;
        if (Freemail.Contains(reply)) context.Add("REPLY_TO_FREEMAIL", 1.0, $"answers go to a free mailbox at {reply}");
        else context.Add("REPLY_TO_ELSEWHERE", 0, $"answers go to {reply}");
    }

    private static string? AddressIn(string text, int at)
    {
        var end = at + 1;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '.' or '-')) end++;
        var domain = text[(at + 1)..end].Trim('.', '-').ToLowerInvariant();
        return domain.Contains('.', StringComparison.Ordinal) && char.IsLetterOrDigit(text[at - 1]) ? domain : null;
    }

    internal static bool SameOrganization(string one, string other) =>
        string.Equals(Organization.Of(one), Organization.Of(other), StringComparison.OrdinalIgnoreCase);

    private static void Subject(SpamContext context, MessageHeader header)
    {
        var subject = header.Subject;
        var tricks = default(TextTricks);
        PlainText.Fold(subject, new System.Buffers.ArrayBufferWriter<char>(subject.Length + 1), ref tricks);
        if (tricks.MixedWords > 0) context.Add("SUBJECT_DISGUISED", 2, "the subject has words of look-alike letters");
        else if (tricks.ZeroWidth > 0) context.Add("SUBJECT_DISGUISED", 1.5, "the subject has invisible characters inside words");
        var (upper, lower) = (0, 0);
        foreach (var c in subject)
        {
            if (char.IsUpper(c)) upper++;
            else if (char.IsLower(c)) lower++;
        }
        if (upper >= 10 && lower == 0) context.Add("SUBJECT_CAPITALS", 0.7, "the subject is all capitals");
        if (subject.StartsWith("Re:", StringComparison.OrdinalIgnoreCase) && !header.Has("in-reply-to") && !header.Has("references"))
            context.Add("REPLY_TO_NOTHING", 0.5, "says Re: and answers nothing");
    }
}
