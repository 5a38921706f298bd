using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>MDN/parse (RFC 9007 §2.2).</summary>
internal sealed class MdnParse(MailRoom room, JmapLimits limits) : IMethod
{
    /// <summary>Emails of a conversation among which the one is looked for that an MDN is about.</summary>
    // In a longer conversation the message may not be found; forEmailId is null then, as when it is gone.
    private const int MostOfThread = 100;

    public string Name => "MDN/parse";

    public string Capability => Capabilities.Mdn;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var ids = reader.TextsOrNull("blobIds") ?? throw MethodFailure.InvalidArgument("blobIds", "missing");
        reader.End();
        if (ids.Count > limits.MaxObjectsInGet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInGet} blobIds");
        var (parsed, notParsable, notFound) = (new List<(string Id, Mdn Mdn)>(), new List<string>(), new List<string>());
        foreach (var id in ids)
        {
            using var octets = await room.Blobs.OpenAsync(call.User, call.Account, call.Created.Resolve(id) ?? "", cancel);
            if (octets is null) notFound.Add(id);
            else if (MdnReader.Read(MessageOctets.Of(octets)) is { } mdn)
                parsed.Add((id, mdn with { ForEmailId = await ForEmailAsync(call, id, mdn.OriginalMessageId, cancel) }));
            else notParsable.Add(id);
        }
        Write(call, parsed, notParsable, notFound);
    }

    /// <summary>RFC 9007 §2.2: where it can be found efficiently, which is in the conversation of an MDN that is an email here.</summary>
    private async Task<string?> ForEmailAsync(Call call, string blobId, string? messageId, CancellationToken cancel)
    {
        if (messageId is null || !BlobId.TryParse(blobId, out var blob) || blob.Kind != BlobKind.Email) return null;
        var mail = await room.Mail.OfAsync(call, cancel);
        if (!mail.TryFind(new(blob.Value), out var row)) return null;
        var wanted = messageId.Trim().Trim('<', '>');
        var others = mail.Thread(row.Thread).Where(r => r.Id != row.Id).Take(MostOfThread).Select(r => r.Id).ToList();
        var found = (await room.Store.EmailsAsync(call.Account, others, cancel))
            .Where(e => e is not null && IdOf(e.Rendered.Envelope) == wanted).ToList();
        // Several of one Message-ID: nobody knows which.
        return found is [{ } one] ? one.Id.ToString() : null;
    }

    private static string? IdOf(ReadOnlySpan<byte> envelope) => EnvelopeReader.Text(envelope, EnvelopeReader.MessageId)?.Trim('<', '>');

    private static void Write(Call call, List<(string Id, Mdn Mdn)> parsed, List<string> notParsable, List<string> notFound)
    {
        var writer = call.Answer;
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, call.Account.ToString());
        if (parsed.Count == 0) writer.WriteNull("parsed"u8);
        else
        {
            writer.WriteStartObject("parsed"u8);
            foreach (var (id, mdn) in parsed)
            {
                writer.WritePropertyName(id);
                mdn.Write(writer);
            }
            writer.WriteEndObject();
        }
        writer.WriteTextsOrNull("notParsable"u8, notParsable);
        writer.WriteTextsOrNull("notFound"u8, notFound);
        writer.WriteEndObject();
    }
}
