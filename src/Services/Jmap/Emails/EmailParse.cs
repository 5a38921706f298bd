using System.Text.Json;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §4.9: blobs as Email objects: attached messages above all, and what was uploaded.</summary>
internal sealed class EmailParse(IBlobs blobs, JmapLimits limits) : IMethod
{
    public string Name => "Email/parse";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var ids = reader.TextsOrNull("blobIds") ?? throw MethodFailure.InvalidArgument("blobIds", "missing");
        var request = RenderArguments.Read(reader, reader.TextsOrNull("properties"), EmailProperty.ParseDefault);
        reader.End();
        if (ids.Count > limits.MaxObjectsInGet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInGet} blobIds");
        var answer = new ParseAnswer(call.Answer, request);
        call.Answer.WriteStartObject();
        call.Answer.WriteString("accountId"u8, call.Account.ToString());
        foreach (var id in ids) await ParseAsync(call, id, answer, cancel);
        answer.End();
        call.Answer.WriteEndObject();
    }

    private async Task ParseAsync(Call call, string id, ParseAnswer answer, CancellationToken cancel)
    {
        using var octets = await blobs.OpenAsync(call.User, call.Account, id, cancel);
        if (octets is null || !BlobId.TryParse(id, out var blob)) answer.NotFound(id);
        else if (IsMessage(octets)) answer.Parsed(blob, MessageOctets.Of(octets), octets.Length);
        else answer.NotParsable(id);
    }

    // A message begins with a field; what an mbox puts before it is met too.
    private static bool IsMessage(SpooledBody octets)
    {
        var start = new byte[Math.Min(octets.Length, MimeLimits.Default.HeaderOctets)];
        var length = octets.Read(0, start);
        foreach (var field in new HeaderFields(start.AsSpan(0, length)))
        {
            if (!field.Name.IsEmpty) return true;
            if (!field.Value.StartsWith("From "u8)) return false;
        }
        return false;
    }

    /// <summary>The three lists of the response.</summary>
    private sealed class ParseAnswer(Utf8JsonWriter into, RenderRequest request)
    {
        private readonly List<string> _notParsable = [];
        private readonly List<string> _notFound = [];
        private bool _hasParsed;

        public void NotFound(string id) => _notFound.Add(id);

        public void NotParsable(string id) => _notParsable.Add(id);

        public void Parsed(in BlobId blob, MessageOctets message, long size)
        {
            var (id, within) = (blob.ToString(), blob);
            if (!_hasParsed) into.WriteStartObject("parsed"u8);
            _hasParsed = true;
            into.WriteStartObject(id);
            Metadata(id, size, request.Email);
            new EmailWriter(into, request).Write(RenderedColumns.Of(message), message, part => within.Within(part).ToString());
            into.WriteEndObject();
        }

        public void End()
        {
            if (_hasParsed) into.WriteEndObject();
            else into.WriteNull("parsed"u8);
            into.WriteTextsOrNull("notParsable"u8, _notParsable);
            into.WriteTextsOrNull("notFound"u8, _notFound);
        }

        // §4.9: what only an email in the store has is null.
        private void Metadata(string blobId, long size, EmailProperties asked)
        {
            if (asked.Has(EmailProperty.Id)) into.WriteNull("id"u8);
            if (asked.Has(EmailProperty.BlobId)) into.WriteString("blobId"u8, blobId);
            if (asked.Has(EmailProperty.ThreadId)) into.WriteNull("threadId"u8);
            if (asked.Has(EmailProperty.MailboxIds)) into.WriteNull("mailboxIds"u8);
            if (asked.Has(EmailProperty.Keywords)) into.WriteNull("keywords"u8);
            if (asked.Has(EmailProperty.Size)) into.WriteNumber("size"u8, size);
            if (asked.Has(EmailProperty.ReceivedAt)) into.WriteNull("receivedAt"u8);
        }
    }
}
