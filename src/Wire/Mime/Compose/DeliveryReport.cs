using System.Text;

namespace Aviso.Mime;

/// <summary>What happened for one recipient (RFC 3464 §2.3).</summary>
/// <param name="FinalRecipient">Address as used at the end.</param>
/// <param name="Action">failed, delayed, delivered, relayed or expanded.</param>
/// <param name="Status">RFC 3463 code such as "5.1.1".</param>
public sealed record RecipientReport(string FinalRecipient, string Action, string Status)
{
    /// <summary>ORCPT of RFC 3461 with its type, such as "rfc822;a@example.org", decoded; null when not given.</summary>
    public string? OriginalRecipient { get; init; }

    /// <summary>Host that answered; null when none did.</summary>
    public string? RemoteMta { get; init; }

    /// <summary>What it answered, without line ends: "550 5.1.1 no such user".</summary>
    public string? DiagnosticCode { get; init; }

    public DateTimeOffset? LastAttempt { get; init; }

    /// <summary>Only for delayed.</summary>
    public DateTimeOffset? WillRetryUntil { get; init; }
}

/// <summary>
/// A delivery status notification: multipart/report (RFC 6522) of a text for people, message/delivery-status (RFC 3464) and the
/// original message or its header. With <see cref="Utf8"/> (the way back takes SMTPUTF8) the RFC 6533 types are used when
/// something is not ASCII; without, addresses are written in its 7-bit form and the original's octets must be 7-bit or are left out.
/// </summary>
public sealed record DeliveryReport
{
    public required string ReportingMta { get; init; }

    public required HeaderAddress From { get; init; }

    public required HeaderAddress To { get; init; }

    public required string Subject { get; init; }

    /// <summary>For people.</summary>
    public required string Text { get; init; }

    public required DateTimeOffset Date { get; init; }

    /// <summary>Without angle brackets.</summary>
    public required string MessageId { get; init; }

    public required IReadOnlyList<RecipientReport> Recipients { get; init; }

    public DateTimeOffset? ArrivalDate { get; init; }

    /// <summary>ENVID of RFC 3461; null when not given.</summary>
    public string? OriginalEnvelopeId { get; init; }

    /// <summary>Message-ID of the original without angle brackets, for In-Reply-To; may be empty.</summary>
    public string OriginalMessageId { get; init; } = "";

    /// <summary>The original message, or only its header block (then <see cref="HeadersOnly"/>); empty for none.</summary>
    public ReadOnlyMemory<byte> Original { get; init; }

    public bool HeadersOnly { get; init; } = true;

    public bool Utf8 { get; init; }

    /// <summary>The whole message. RFC 3464 §2: it is sent with the null reverse-path.</summary>
    public byte[] Compose()
    {
        var header = new HeaderWriter(Utf8).Addresses("From", From).Addresses("To", To).Text("Subject", Subject)
            .Date("Date", Date).Ids("Message-ID", MessageId);
        if (OriginalMessageId.Length > 0) header.Ids("In-Reply-To", OriginalMessageId).Ids("References", OriginalMessageId);
        // RFC 3834 §5: never answered by an automatic responder.
        header.Raw("Auto-Submitted", "auto-replied");
        var status = Encoding.UTF8.GetBytes(Status());
        var global = Utf8 && !(Ascii.IsValid(status) && Ascii.IsValid(Original.Span));
        List<MimeEntity> parts =
        [
            MimeEntity.Text(Text),
            MimeEntity.Part(global ? "message/global-delivery-status" : "message/delivery-status", status),
        ];
        if (OriginalPart(global) is { } original) parts.Add(original);
        return new MessageComposer(header,
            MimeEntity.Multipart("report", [new("report-type", "delivery-status")], parts)).Compose();
    }

    private MimeEntity? OriginalPart(bool global)
    {
        if (Original.IsEmpty) return null;
        var type = (HeadersOnly, global) switch
        {
            (true, true) => "message/global-headers",
            (true, false) => "text/rfc822-headers",
            (false, true) => "message/global",
            _ => "message/rfc822",
        };
        return MimeEntity.Part(type, Original.ToArray());
    }

    // per-message-fields, then for each recipient an empty line and its fields
    private string Status()
    {
        var writer = new HeaderWriter(Utf8);
        if (OriginalEnvelopeId is { } id) writer.Raw("Original-Envelope-Id", Shown(id));
        writer.Raw("Reporting-MTA", $"dns; {ReportingMta}");
        if (ArrivalDate is { } arrival) writer.Date("Arrival-Date", arrival);
        var text = new StringBuilder(Encoding.UTF8.GetString(writer.ToArray()));
        foreach (var recipient in Recipients) text.Append("\r\n").Append(Encoding.UTF8.GetString(Fields(recipient)));
        return text.ToString();
    }

    private byte[] Fields(RecipientReport recipient)
    {
        var writer = new HeaderWriter(Utf8);
        if (recipient.OriginalRecipient is { } original) writer.Raw("Original-Recipient", Typed(original));
        writer.Raw("Final-Recipient", Typed("rfc822;" + recipient.FinalRecipient));
        writer.Raw("Action", recipient.Action).Raw("Status", recipient.Status);
        if (recipient.RemoteMta is { } remote) writer.Raw("Remote-MTA", $"dns; {Shown(remote)}");
        if (recipient.DiagnosticCode is { } diagnostic) writer.Raw("Diagnostic-Code", $"smtp; {Shown(diagnostic)}");
        if (recipient.LastAttempt is { } last) writer.Date("Last-Attempt-Date", last);
        if (recipient.WillRetryUntil is { } until) writer.Date("Will-Retry-Until", until);
        return writer.ToArray();
    }

    // RFC 6533 §3: an address that is not ASCII has type utf-8, as it is or escaped.
    private string Typed(string typed)
    {
        var semicolon = typed.IndexOf(';', StringComparison.Ordinal);
        var address = typed[(semicolon + 1)..].Trim();
        var type = semicolon < 0 ? "rfc822" : typed[..semicolon].Trim();
        if (Ascii.IsValid(address)) return $"{type}; {address}";
        return Utf8 ? $"utf-8; {address}" : $"utf-8; {Escaped(address)}";
    }

    private string Shown(string text) => Utf8 || Ascii.IsValid(text) ? text : Escaped(text);

    // RFC 6533 §3: EmbeddedUnicodeChar = "\x{" hex "}"
    private static string Escaped(string text)
    {
        var into = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsAscii && rune.Value is not ('\\' or '+' or '=')) into.Append((char)rune.Value);
            else into.Append("\\x{").Append(rune.Value.ToString("X2")).Append('}');
        }
        return into.ToString();
    }
}
