using System.Text.Json;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>EmailSubmission/set (RFC 8621 §7.5): sends, takes back what still waits, forgets.</summary>
internal sealed class EmailSubmissionSet(
    IMailStore store, Submissions submissions, Identities identities, Submitter submitter, Outbox outbox, StateFeed feed,
    Func<JmapUser, string, bool> maySendAs, TimeProvider clock, JmapLimits limits) : IMethod
{
    public string Name => "EmailSubmission/set";

    public string Capability => Capabilities.Submission;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, limits);
        var afterwards = OnSuccess.Read(reader);
        reader.End();
        if (set.IfInState is not null) set.CheckState((await submissions.LogAsync(call.Account, cancel)).State);
        var (answer, sent) = (new SetAnswer(call), new List<EmailSubmission>());
        foreach (var (key, value) in set.Create)
        {
            try
            {
                var made = await CreateAsync(call, value, cancel);
                sent.Add(made);
                afterwards.Done("#" + key, made);
                answer.Created(key, made.Id, writer => WriteMade(writer, made, value));
            }
            catch (SetFailure failure)
            {
                answer.NotCreated(key, failure.Error);
            }
        }
        var over = new List<string>();
        var (before, after) = await submissions.ChangeAsync(
            call.Account, now => new(Changes(call, set, now, sent, answer, afterwards, over)), cancel);
        foreach (var pending in sent.Where(s => s.Undo == UndoStatus.Pending)) outbox.Wait(call.Account, pending);
        foreach (var id in over) await outbox.ForgetAsync(call.Account, id, cancel);
        if (after.State != before.State) feed.Changed(call.Account, submissions.Type, after.State);
        answer.Write(before.State, after.State);
        afterwards.Follow(call);
    }

    private async Task<EmailSubmission> CreateAsync(Call call, JsonElement value, CancellationToken cancel)
    {
        foreach (var property in value.EnumerateObject())
            if (property.Name is not ("identityId" or "emailId" or "envelope"))
                throw Wrong(property.Name, "set by the server, or not known");
        var (identity, email) = (await IdentityAsync(call, value, cancel), await EmailAsync(call, value, cancel));
        using var body = await store.OpenBodyAsync(call.Account, email.Id, cancel) ?? throw Wrong("emailId", "there is no such email");
        var message = SubmittedMessage.Read(body);
        if (message.Invalid is { Count: > 0 } invalid)
            throw new SetFailure(new("invalidEmail", "who wrote it is not said") { Properties = invalid });
        if (message.Authors.FirstOrDefault(a => !maySendAs(call.User, a)) is { } stranger)
            throw new SetFailure(new("forbiddenFrom", $"this account may not send as {stranger}"));
        var envelope = EnvelopeOf(value) ?? message.Envelope(sender => maySendAs(call.User, sender), identity.Email);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var utf8 = message.IsUtf8
            || envelope.RcptTo.Append(envelope.MailFrom).Any(a => MailAddress.TryParse(a.Email, out var m) && m.NeedsUtf8);
        if (SubmissionParameters.Read(envelope.MailFrom, utf8, now, out var error) is not { } parameters) throw new SetFailure(error);
        var made = new EmailSubmission(
            submissions.NewId(), identity.Id, email.Id.ToString(), email.Thread.ToString(), envelope,
            parameters.HoldUntil ?? now, UndoStatus.Final)
        {
            SendAs = call.User.Scope.SendAs,
        };
        return parameters.HoldUntil > now
            ? await HoldAsync(call, made, parameters, body, cancel) : await SendAsync(call, made, parameters, body, cancel);
    }

    private async Task<EmailSubmission> SendAsync(
        Call call, EmailSubmission made, SubmissionParameters parameters, StoredBody body, CancellationToken cancel)
    {
        var sent = await submitter.SendAsync(call.User, made.Envelope, parameters, into => Copy(body, into), cancel);
        return sent.Error is { } error ? throw new SetFailure(error) : made with { Delivery = Outbox.Told(made.Envelope, sent) };
    }

    private async Task<EmailSubmission> HoldAsync(
        Call call, EmailSubmission made, SubmissionParameters parameters, StoredBody body, CancellationToken cancel)
    {
        if (await submitter.TryAsync(call.User, made.Envelope, parameters, cancel) is { } error) throw new SetFailure(error);
        if (body.Length > submitter.MostOctets) throw new SetFailure(submitter.TooLarge());
        var (_, all) = await submissions.ReadAsync(call.Account, cancel);
        if (all.Count(s => s.Undo == UndoStatus.Pending) >= Submissions.MostPending)
            throw new SetFailure(new("overQuota", $"{Submissions.MostPending} messages wait to be sent"));
        await outbox.KeepAsync(call.Account, made.Id, body, cancel);
        return made with { Undo = UndoStatus.Pending };
    }

    private static void Copy(StoredBody body, SpooledBody into)
    {
        var piece = new byte[64 * 1024];
        for (long at = body.PrefixLength; body.Read(at, piece) is > 0 and var read; at += read) into.Write(piece.AsSpan(0, read));
    }

    private static List<RecordChange> Changes(
        Call call, SetArguments set, RecordSet now, List<EmailSubmission> sent, SetAnswer answer, OnSuccess afterwards, List<string> over)
    {
        var changes = sent.Select(s => new RecordChange(s.Id, RecordChangeKind.Created, s.Kept())).ToList();
        foreach (var (key, value) in set.Update)
        {
            var error = Update(call, key, value, now, changes, afterwards, over);
            if (error is null) answer.Updated(call.Created.Resolve(key) ?? key);
            else answer.NotUpdated(key, error);
        }
        foreach (var key in set.Destroy)
        {
            if (Find(call, key, now, changes) is not { } found) answer.NotDestroyed(key, SetError.NotFound);
            // What waits is sent all the same (RFC 8621 §7.5); so its record stays until it is.
            else if (found.Undo == UndoStatus.Pending) answer.NotDestroyed(key, new("forbidden", "it waits to be sent: cancel it first"));
            else
            {
                Put(changes, new(found.Id, RecordChangeKind.Destroyed, null));
                afterwards.Done(key, found);
                answer.Destroyed(found.Id);
            }
        }
        return changes;
    }

    private static SetError? Update(
        Call call, string key, JsonElement value, RecordSet now, List<RecordChange> changes, OnSuccess afterwards, List<string> over)
    {
        if (Find(call, key, now, changes) is not { } found) return SetError.NotFound;
        if (!PatchObject.TryRead(value, out var patch, out var error)) return error;
        foreach (var entry in patch.Entries)
        {
            if (entry.Pointer != "undoStatus") return SetError.InvalidProperty(entry.Tokens[0], "cannot be changed");
            var wanted = entry.Value.ValueKind == JsonValueKind.String ? EmailSubmission.UndoOf(entry.Value.GetString() ?? "") : null;
            if (wanted == found.Undo) continue;
            if (wanted != UndoStatus.Canceled) return SetError.InvalidProperty("undoStatus", "can only become canceled");
            if (found.Undo != UndoStatus.Pending) return new("cannotUnsend", "it has been sent");
            found = found with { Undo = UndoStatus.Canceled };
            Put(changes, new(found.Id, RecordChangeKind.Updated, found.Kept()));
            over.Add(found.Id);
        }
        afterwards.Done(key, found);
        return null;
    }

    private static EmailSubmission? Find(Call call, string key, RecordSet now, List<RecordChange> changes)
    {
        if (call.Created.Resolve(key) is not { } id) return null;
        if (changes.FirstOrDefault(c => c.Id == id) is { } change) return change.Value is null ? null : EmailSubmission.Read(change.Value);
        return now.Records.TryGetValue(id, out var kept) ? EmailSubmission.Read(kept) : null;
    }

    // One document is written once in a transaction.
    private static void Put(List<RecordChange> changes, RecordChange change)
    {
        var at = changes.FindIndex(c => c.Id == change.Id);
        if (at < 0) changes.Add(change);
        else if (changes[at].Kind != RecordChangeKind.Created) changes[at] = change;
        else if (change.Value is null) changes.RemoveAt(at);
        else changes[at] = changes[at] with { Value = change.Value };
    }

    private async Task<Identity> IdentityAsync(Call call, JsonElement value, CancellationToken cancel)
    {
        var id = Reference(call, value, "identityId");
        var (_, all) = await identities.ReadAsync(call.User, cancel);
        return all.FirstOrDefault(i => i.Id == id) ?? throw Wrong("identityId", "there is no such identity");
    }

    private async Task<StoredEmail> EmailAsync(Call call, JsonElement value, CancellationToken cancel)
    {
        var id = Reference(call, value, "emailId");
        var found = call.User.SeesMail && RecordId.TryParse(id, out var number)
            ? (await store.EmailsAsync(call.Account, [new(number)], cancel))[0] : null;
        return found ?? throw Wrong("emailId", "there is no such email");
    }

    private static SubmissionEnvelope? EnvelopeOf(JsonElement value)
    {
        if (!value.TryGetProperty("envelope"u8, out var given) || given.ValueKind == JsonValueKind.Null) return null;
        return SubmissionEnvelope.Read(given) ?? throw Wrong("envelope", "not of the shape of RFC 8621 §7");
    }

    private static string Reference(Call call, JsonElement value, string name) =>
        value.TryGetProperty(name, out var given) && given.ValueKind == JsonValueKind.String
            && call.Created.Resolve(given.GetString() ?? "") is { } id
            ? id : throw Wrong(name, "missing, or nothing was created by that name");

    private static void WriteMade(Utf8JsonWriter writer, EmailSubmission made, JsonElement given)
    {
        writer.WriteString("threadId"u8, made.ThreadId);
        writer.WriteString("sendAt"u8, JsonDates.Utc(made.SendAt));
        writer.WriteString("undoStatus"u8, made.UndoText);
        if (!given.TryGetProperty("envelope"u8, out var envelope) || envelope.ValueKind == JsonValueKind.Null)
        {
            writer.WritePropertyName("envelope"u8);
            made.Envelope.Write(writer);
        }
        writer.WriteTexts("dsnBlobIds"u8, []);
        writer.WriteTexts("mdnBlobIds"u8, []);
    }

    private static SetFailure Wrong(string property, string why) => new(SetError.InvalidProperty(property, why));
}
