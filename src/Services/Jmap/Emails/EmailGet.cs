using System.Text.Json;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §4.2. What a list shows comes from columns of the store; a message is opened only for what is nowhere else.</summary>
internal sealed class EmailGet(IMailStore store, JmapLimits limits, AccountMails mails) : IMethod
{
    public string Name => "Email/get";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = GetArguments.Read(reader, limits, static _ => true);
        var request = RenderArguments.Read(reader, arguments.Properties, EmailProperty.GetDefault);
        reader.End();
        var mail = await mails.OfAsync(call.Account, cancel) ?? throw new MethodFailure("accountNotFound");
        if (arguments.Ids is null) GetArguments.CheckAll(mail.Count, limits);
        var (rows, notFound) = Find(mail, arguments.Ids);
        var columns = request.IsOfRowOnly ? [] : await ColumnsAsync(mail, rows, cancel);
        GetAnswer.Begin(call, JmapState.Of(mail.State));
        for (var i = 0; i < rows.Count; i++)
        {
            if (request.IsOfRowOnly) Write(call.Answer, mail, rows[i], request);
            else if (columns[i] is not { } found) notFound.Add(rows[i].Id.ToString());
            else await WriteAsync(call.Answer, mail, rows[i], found, request, cancel);
        }
        GetAnswer.End(call, notFound);
    }

    private static (List<EmailRow> Rows, List<string> NotFound) Find(AccountMail mail, IReadOnlyList<string>? ids)
    {
        var (rows, notFound) = (new List<EmailRow>(), new List<string>());
        if (ids is null) rows.AddRange(mail.From(0));
        else
        {
            foreach (var id in ids)
            {
                if (RecordId.TryParse(id, out var email) && mail.TryFind(new(email), out var row)) rows.Add(row);
                else notFound.Add(id);
            }
        }
        return (rows, notFound);
    }

    /// <summary>Null where an email is gone since the picture was made.</summary>
    private async Task<RenderedColumns?[]> ColumnsAsync(AccountMail mail, List<EmailRow> rows, CancellationToken cancel)
    {
        var columns = new RenderedColumns?[rows.Count];
        await store.ShowEmailsAsync(
            mail.Account, rows.ConvertAll(static row => row.Id), ShownColumns.Summary, ImapStructure.Version,
            (int place, in ShownEmail email) =>
                columns[place] = new(email.Envelope.ToArray(), PartIndex.Read(email.Parts), email.Preview.ToArray()),
            cancel);
        var others = Enumerable.Range(0, rows.Count).Where(place => columns[place] is null).ToList();
        if (others.Count == 0) return columns;
        // Rendered by another version, or gone.
        var emails = await store.EmailsAsync(mail.Account, others.ConvertAll(place => rows[place].Id), cancel);
        for (var i = 0; i < others.Count; i++)
            if (emails[i]?.Rendered is { } rendered) columns[others[i]] = RenderedColumns.Of(rendered);
        return columns;
    }

    private async Task WriteAsync(
        Utf8JsonWriter into, AccountMail mail, EmailRow row, RenderedColumns columns, RenderRequest request, CancellationToken cancel)
    {
        var isOpened = request.NeedsOctets
            || (request.Email.Has(EmailProperty.Convenience) && !ConvenienceFields.AreInEnvelope(columns.Root));
        using var body = isOpened ? await store.OpenBodyAsync(mail.Account, row.Id, cancel) : null;
        // What is damaged says what is kept about it; the store has said so in the log.
        var octets = body is null ? null : body.Fault is null ? new MessageOctets(body, columns.Root) : MessageOctets.Unreadable(
            columns.Root);
        into.WriteStartObject();
        EmailMetadata.Write(into, mail, row, request.Email);
        new EmailWriter(into, request).Write(columns, octets, part => BlobId.OfPart(row.Id, part).ToString());
        into.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter into, AccountMail mail, in EmailRow row, RenderRequest request)
    {
        into.WriteStartObject();
        EmailMetadata.Write(into, mail, row, request.Email);
        into.WriteEndObject();
    }
}
