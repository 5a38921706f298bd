using System.Text.Json;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §4.7. The copy is a new email with octets of its own, since accounts share none.</summary>
internal sealed class EmailCopyMethod(MailRoom services, JmapLimits limits) : IMethod
{
    public string Name => "Email/copy";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = CopyArguments.Read(call, reader, limits);
        reader.End();
        if (!RecordId.TryParse(arguments.FromAccountId, out var number)) throw new MethodFailure("fromAccountNotFound");
        var from = await services.Mail.OfAsync(new AccountId(number), cancel) ?? throw new MethodFailure("fromAccountNotFound");
        if (arguments.IfFromInState is { } was && was != JmapState.Of(from.State)) throw MethodFailure.StateMismatch();
        var mail = await services.Mail.OfAsync(call, cancel);
        if (arguments.IfInState is { } state && state != JmapState.Of(mail.State)) throw MethodFailure.StateMismatch();
        var answer = new SetAnswer(call);
        var (originals, drafts) = (new List<string>(), new EmailDrafts());
        using (drafts)
        {
            foreach (var (key, value) in arguments.Create)
            {
                try
                {
                    var (original, copy) = await CopyAsync(call, from, value, cancel);
                    drafts.Add(key, copy);
                    originals.Add(original);
                }
                catch (DraftException broken)
                {
                    answer.NotCreated(key, broken.Error);
                }
            }
            var set = new EmailSet { IfInState = arguments.IfInState is null ? null : mail.State, Create = drafts.Emails };
            var done = StoreAnswers.Value(await services.Store.SetEmailsAsync(call.Account, set, cancel));
            for (var i = 0; i < drafts.Keys.Count; i++) StoreAnswers.Created(answer, drafts.Keys[i], done.Created[i]);
            answer.WriteCreated(JmapState.Of(done.OldState), JmapState.Of(done.NewState), arguments.FromAccountId);
            if (arguments.OnSuccessDestroyOriginal) Destroy(call, arguments, [.. originals.Where((_, i) => done.Created[i].Ok)]);
        }
    }

    private async Task<(string Original, NewEmail Copy)> CopyAsync(Call call, AccountMail from, JsonElement value, CancellationToken cancel)
    {
        if (EmailPlacing.Unknown(value, "id") is { } other) throw DraftException.Invalid(other, "it cannot be set in a copy");
        if (DraftReader.Member(value, "id") is not { ValueKind: JsonValueKind.String } text) throw DraftException.Invalid("id", "missing");
        if (!RecordId.TryParse(text.GetString(), out var id) || !from.TryFind(new(id), out var row))
            throw new DraftException(SetError.NotFound);
        var placed = EmailPlacing.Read(value, call, row.ReceivedAt);
        if (!value.TryGetProperty("keywords"u8, out _)) placed = placed with { Keywords = KeywordNames.Set(from.KeywordsOf(row)) };
        var body = await SpoolAsync(from.Account, row.Id, cancel) ?? throw new DraftException(SetError.NotFound);
        return (row.Id.ToString(), placed.Email(body, services.Reader));
    }

    private async Task<SpooledBody?> SpoolAsync(AccountId account, EmailId email, CancellationToken cancel)
    {
        using var stored = await services.Store.OpenBodyAsync(account, email, cancel);
        if (stored is null or { Fault: not null }) return null;
        return services.Store.Spool.Make(into =>
        {
            var piece = new byte[64 * 1024];
            for (long at = 0; stored.Read(at, piece) is > 0 and var read; at += read) into.Write(piece.AsSpan(0, read));
        });
    }

    /// <summary>RFC 8620 §5.4: by an Email/set of its own, right after this answer.</summary>
    private static void Destroy(Call call, CopyArguments arguments, IReadOnlyList<string> originals)
    {
        if (originals.Count == 0) return;
        call.Follow("Email/set", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("accountId"u8, arguments.FromAccountId);
            if (arguments.DestroyFromIfInState is { } state) writer.WriteString("ifInState"u8, state);
            writer.WriteTexts("destroy"u8, originals);
            writer.WriteEndObject();
        });
    }
}
