using System.Text.Json;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §4.8. The octets of a blob become a message as they are; duplicates are allowed.</summary>
internal sealed class EmailImportMethod(MailRoom services, JmapLimits limits) : IMethod
{
    private const int MostHeader = 1 << 20;

    public string Name => "Email/import";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var state = reader.TextOrNull("ifInState");
        if (reader.Find("emails") is null) throw MethodFailure.InvalidArgument("emails", "missing");
        var emails = SetArguments.Objects(reader, "emails");
        reader.End();
        if (emails.Count > limits.MaxObjectsInSet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInSet} emails");
        var mail = await services.Mail.OfAsync(call, cancel);
        if (state is not null && state != JmapState.Of(mail.State)) throw MethodFailure.StateMismatch();
        var answer = new SetAnswer(call);
        using var drafts = new EmailDrafts();
        foreach (var (key, value) in emails)
        {
            try
            {
                drafts.Add(key, await ImportAsync(call, value, cancel));
            }
            catch (DraftException broken)
            {
                answer.NotCreated(key, broken.Error);
            }
        }
        var set = new EmailSet { IfInState = state is null ? null : mail.State, Create = drafts.Emails };
        var done = StoreAnswers.Value(await services.Store.SetEmailsAsync(call.Account, set, cancel));
        for (var i = 0; i < drafts.Keys.Count; i++) StoreAnswers.Created(answer, drafts.Keys[i], done.Created[i]);
        answer.WriteCreated(JmapState.Of(done.OldState), JmapState.Of(done.NewState));
    }

    private async Task<NewEmail> ImportAsync(Call call, JsonElement value, CancellationToken cancel)
    {
        if (EmailPlacing.Unknown(value, "blobId") is { } other) throw DraftException.Invalid(other, "not known");
        if (DraftReader.Member(value, "blobId") is not { ValueKind: JsonValueKind.String } id)
            throw DraftException.Invalid("blobId", "missing, or no string");
        var placed = EmailPlacing.Read(value, call, long.MinValue);
        var body = await services.Blobs.OpenAsync(call.User, call.Account, id.GetString() ?? "", cancel)
            ?? throw DraftException.Invalid("blobId", "there is no such blob");
        if (body.Length == 0)
        {
            body.Dispose();
            throw new DraftException(new("invalidEmail", "an empty blob is no message"));
        }
        if (placed.ReceivedAt == long.MinValue) placed = placed with { ReceivedAt = Received(body) };
        return placed.Email(body, services.Reader);
    }

    /// <summary>The date of the most recent Received field, which is the first; now where there is none.</summary>
    private long Received(SpooledBody body)
    {
        var header = new byte[Math.Min(body.Length, MostHeader)];
        var read = body.Read(0, header);
        if (HeaderFields.TryFind(header.AsSpan(0, read), "Received"u8, out var value) && value.LastIndexOf((byte)';') is >= 0 and var at
            && MailDate.TryParse(value[(at + 1)..], out var date)) return date.ToUnixTimeSeconds();
        return services.Clock.GetUtcNow().ToUnixTimeSeconds();
    }
}
