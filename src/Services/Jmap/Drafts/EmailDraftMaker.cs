using System.Text.Json;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>Makes the message of an Email to be created (RFC 8621 §4.6) and says where it goes.</summary>
internal sealed class EmailDraftMaker(MailRoom services, Call call)
{
    /// <summary>Properties that stand for a header field (RFC 8621 §4.1.3).</summary>
    private static readonly (string Property, string Header)[] Convenience =
    [
        ("messageId", "header:Message-ID:asMessageIds"), ("inReplyTo", "header:In-Reply-To:asMessageIds"),
        ("references", "header:References:asMessageIds"), ("sender", "header:Sender:asAddresses"), ("from", "header:From:asAddresses"),
        ("to", "header:To:asAddresses"), ("cc", "header:Cc:asAddresses"), ("bcc", "header:Bcc:asAddresses"),
        ("replyTo", "header:Reply-To:asAddresses"), ("subject", "header:Subject:asText"), ("sentAt", "header:Date:asDate"),
    ];

    /// <exception cref="DraftException">Why there is none.</exception>
    public async Task<NewEmail> MakeAsync(JsonElement email, CancellationToken cancel)
    {
        var fields = new DraftFields("", isRoot: true);
        foreach (var one in email.EnumerateObject()) Member(one, fields);
        var placed = EmailPlacing.Read(email, call, services.Clock.GetUtcNow().ToUnixTimeSeconds());
        var root = new DraftReader(email).Read();
        if (root.Fields.FirstOrDefault(field => fields.Has(field.Name)) is { } twice)
            throw DraftException.Invalid("bodyStructure", $"{twice.Name} is given on the email too");
        using var blobs = new DraftBlobs();
        var named = root.All().Select(static part => part.BlobId).OfType<string>();
        var missing = await blobs.OpenAsync(named, id => services.Blobs.OpenAsync(call.User, call.Account, id, cancel));
        if (missing.Count > 0) throw new DraftException(new("blobNotFound") { More = writer => writer.WriteTexts("notFound"u8, missing) });
        if (blobs.Octets > MailFeature.MostAttachmentOctets) throw new DraftException(new("tooLarge", "the attachments are too large"));
        var body = services.Store.Spool.Make(into => new DraftWriter(into, blobs).Write(Header(fields, root), root));
        return placed.Email(body, services.Reader);
    }

    private static void Member(JsonProperty one, DraftFields fields)
    {
        switch (one.Name)
        {
            case "mailboxIds" or "keywords" or "receivedAt" or "bodyStructure" or "bodyValues" or "textBody" or "htmlBody" or "attachments":
                return;
            case var name when name.StartsWith("header:", StringComparison.Ordinal):
                fields.Add(one);
                return;
            case var name when Array.Find(Convenience, pair => pair.Property == name).Header is { } header:
                fields.Add(one, HeaderProperty.Parse(header) ?? throw new InvalidOperationException(header));
                return;
            default:
                throw DraftException.Invalid(one.Name, "it cannot be set");
        }
    }

    /// <summary>RFC 8621 §4.6: Message-ID and Date are made where they are missing.</summary>
    private byte[] Header(DraftFields fields, DraftPart root)
    {
        bool Missing(string field) =>
            !fields.Has(field) && !root.Fields.Any(own => own.Name.Equals(field, StringComparison.OrdinalIgnoreCase));
        var made = new HeaderWriter();
        if (Missing("Date")) made.Date("Date", services.Clock.GetUtcNow());
        if (Missing("Message-ID")) made.Ids("Message-ID", $"{Guid.NewGuid():n}@{MailAddress.DomainOf(call.User.Address)}");
        return [.. made.ToArray(), .. fields.All.SelectMany(static field => field.Octets)];
    }
}
