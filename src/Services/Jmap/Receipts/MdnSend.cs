using System.Text;
using System.Text.Json;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>MDN/send (RFC 9007 §2.1).</summary>
/// <param name="maySendAs">May the account use this address as author.</param>
internal sealed class MdnSend(
    MailRoom room, Identities identities, Submitter submitter, MdnComposer composer, Func<JmapUser, string, bool> maySendAs,
    JmapLimits limits) : IMethod
{
    private const string Sent = "$mdnsent";

    public string Name => "MDN/send";

    public string Capability => Capabilities.Mdn;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        // RFC 9007 §2.1: for the call of Email/set, and identities.
        if (!call.Uses(Capabilities.Mail)) throw new MethodFailure("unknownMethod", $"to be used with {Capabilities.Mail}");
        var reader = call.Read();
        var identityId = reader.Text("identityId");
        if (reader.Find("send") is null) throw MethodFailure.InvalidArgument("send", "missing");
        var (send, afterwards) = (SetArguments.Objects(reader, "send"), MdnAfterwards.Read(reader));
        reader.End();
        if (send.Count > limits.MaxObjectsInSet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInSet} MDNs");
        var identity = (await identities.ReadAsync(call.User, cancel)).All.FirstOrDefault(i => i.Id == call.Created.Resolve(identityId))
            ?? throw MethodFailure.InvalidArgument("identityId", "there is no such identity");
        // RFC 9007 §2.1: nothing is sent that would not be remembered as sent.
        foreach (var (key, value) in send) afterwards.Check(key, value, call);
        var (sent, notSent) = (new List<(string Key, Mdn Mdn, JsonElement Given)>(), new List<(string Key, SetError Error)>());
        var done = new HashSet<EmailId>();
        foreach (var (key, value) in send)
        {
            try
            {
                var mdn = await SendAsync(call, value, identity, done, cancel);
                sent.Add((key, mdn, value));
                afterwards.Done(key, mdn.ForEmailId ?? "");
            }
            catch (SetFailure failure)
            {
                notSent.Add((key, failure.Error));
            }
        }
        Write(call, sent, notSent);
        afterwards.Follow(call);
    }

    private async Task<Mdn> SendAsync(Call call, JsonElement value, Identity identity, HashSet<EmailId> done, CancellationToken cancel)
    {
        var draft = MdnDraft.Read(value);
        var mail = await room.Mail.OfAsync(call, cancel);
        if (call.Created.Resolve(draft.ForEmailId ?? "") is not { } id || !RecordId.TryParse(id, out var number)
            || !mail.TryFind(new(number), out var row)
            || (await room.Store.EmailsAsync(call.Account, [row.Id], cancel))[0] is not { } email)
            throw new SetFailure(SetError.NotFound);
        if (done.Contains(row.Id) || mail.KeywordsOf(row).Contains(Sent))
            throw new SetFailure(new("mdnAlreadySent", $"{Sent} is set"));
        using var body = await room.Store.OpenBodyAsync(call.Account, row.Id, cancel);
        if (body is null or { Fault: not null }) throw new SetFailure(SetError.NotFound);
        var message = new MessageOctets(body, PartIndex.Read(email.Rendered.Parts));
        var request = MdnRequest.Read(message.Header, message.Root);
        Check(request, draft.Disposition);
        var sender = identity.Email.StartsWith('*') ? call.User.Address : identity.Email;
        var mdn = draft with
        {
            ForEmailId = id,
            Subject = draft.Subject ?? (request.Subject.Length == 0 ? "Receipt" : "Receipt: " + request.Subject),
            TextBody = draft.TextBody ?? MdnComposer.DefaultText(draft.Disposition, request.Subject),
            FinalRecipient = FinalRecipient(draft, call.User, sender),
            OriginalRecipient = request.OriginalRecipient,
            OriginalMessageId = request.MessageId is { } messageId && Ascii.IsValid(messageId) ? $"<{messageId}>" : null,
        };
        await HandInAsync(call.User, mdn, request, From(identity, sender), mdn.IncludeOriginalMessage ? Whole(body) : null, cancel);
        done.Add(row.Id);
        return mdn;
    }

    private static void Check(MdnRequest request, MdnDisposition disposition)
    {
        // RFC 9007 §2.1: no valid Disposition-Notification-To.
        if (request.To.Count == 0) throw new SetFailure(new("notFound", "the message asks for no receipt"));
        // RFC 8098 §2.1
        if (request.IsReceipt) throw new SetFailure(new("forbidden", "the message is a receipt itself"));
        if (disposition.IsAutomatic && !request.MayBeAutomatic())
            throw new SetFailure(new("forbidden", "it is wanted elsewhere than where the message came from: a person has to agree"));
    }

    // RFC 9007 §5: whoever may not write as an address says nothing in its name.
    private string FinalRecipient(Mdn draft, JmapUser user, string sender)
    {
        var given = draft.FinalRecipient;
        var address = given is null ? sender : given[(given.IndexOf(';', StringComparison.Ordinal) + 1)..].Trim();
        if (!MailAddress.TryParse(address, out var parsed)) throw MdnDraft.Wrong("finalRecipient", "no address");
        if (given is not null && !maySendAs(user, address))
            throw new SetFailure(new("forbiddenFrom", $"this account may not speak for {address}"));
        return given is not null && given.Contains(';', StringComparison.Ordinal) ? given : $"rfc822; {parsed.Wire}";
    }

    private async Task HandInAsync(
        JmapUser user, Mdn mdn, MdnRequest request, HeaderAddress from, byte[]? original, CancellationToken cancel)
    {
        if (original is not null && original.Length > submitter.MostOctets) throw new SetFailure(submitter.TooLarge());
        var message = composer.Write(mdn, request, from, original);
        // RFC 8098 §3: from the null sender, so that nothing comes back.
        var envelope = new SubmissionEnvelope(
            SubmissionAddress.Plain(""), [.. request.To.Select(a => SubmissionAddress.Plain(a.Wire))]);
        var utf8 = request.To.Any(a => a.NeedsUtf8) || !Ascii.IsValid(from.Address);
        if (SubmissionParameters.Read(envelope.MailFrom, utf8, 0, out var wrong) is not { } parameters) throw new SetFailure(wrong);
        var handedIn = await submitter.SendAsync(user, envelope, parameters, into => into.Write(message), cancel);
        if (handedIn.Error is { } error) throw new SetFailure(Error(error, handedIn.IsTemporary));
    }

    // The words that RFC 9007 §2.1 has for them.
    private static SetError Error(SetError error, bool isTemporary) => error.Type switch
    {
        "tooLarge" => error,
        "forbiddenFrom" or "forbiddenMailFrom" => error with { Type = "forbiddenFrom" },
        _ when isTemporary => new("rateLimit", error.Description),
        _ => new("forbidden", error.Description),
    };

    private static HeaderAddress From(Identity identity, string sender) =>
        MailAddress.TryParse(sender, out var address) ? HeaderAddress.Of(identity.Name, address)
            : throw new SetFailure(new("forbiddenFrom", $"{sender} is no address"));

    private static byte[] Whole(StoredBody body)
    {
        var octets = new byte[body.Length - body.PrefixLength];
        var length = 0;
        while (length < octets.Length && body.Read(body.PrefixLength + length, octets.AsSpan(length)) is > 0 and var read) length += read;
        return octets[..length];
    }

    private static void Write(
        Call call, List<(string Key, Mdn Mdn, JsonElement Given)> sent, List<(string Key, SetError Error)> notSent)
    {
        var writer = call.Answer;
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, call.Account.ToString());
        if (sent.Count == 0) writer.WriteNull("sent"u8);
        else
        {
            writer.WriteStartObject("sent"u8);
            foreach (var (key, mdn, given) in sent) WriteSent(writer, key, mdn, given);
            writer.WriteEndObject();
        }
        if (notSent.Count == 0) writer.WriteNull("notSent"u8);
        else
        {
            writer.WriteStartObject("notSent"u8);
            foreach (var (key, error) in notSent)
            {
                writer.WritePropertyName(key);
                error.Write(writer);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    // RFC 9007 §2.1: what the client did not set.
    private static void WriteSent(Utf8JsonWriter writer, string key, Mdn mdn, JsonElement given)
    {
        writer.WriteStartObject(key);
        if (!IsGiven("subject")) writer.WriteString("subject"u8, mdn.Subject);
        if (!IsGiven("textBody")) writer.WriteString("textBody"u8, mdn.TextBody);
        if (!IsGiven("includeOriginalMessage")) writer.WriteBoolean("includeOriginalMessage"u8, mdn.IncludeOriginalMessage);
        if (mdn.OriginalRecipient is not null) writer.WriteString("originalRecipient"u8, mdn.OriginalRecipient);
        if (!given.TryGetProperty("finalRecipient"u8, out var final) || !final.ValueEquals(mdn.FinalRecipient))
            writer.WriteString("finalRecipient"u8, mdn.FinalRecipient);
        if (mdn.OriginalMessageId is not null) writer.WriteString("originalMessageId"u8, mdn.OriginalMessageId);
        writer.WriteEndObject();

        bool IsGiven(string name) => given.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;
    }
}
