using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §5.1: where the words of a filter stand in subjects and texts.</summary>
internal sealed class SearchSnippetGet(IMailStore store, JmapLimits limits, AccountMails mails) : IMethod
{
    public string Name => "SearchSnippet/get";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var filter = new FilterReader<IReadOnlyList<EmailCondition>>(limits, EmailConditionReader.Read).Read(reader);
        var ids = reader.TextsOrNull("emailIds") ?? throw MethodFailure.InvalidArgument("emailIds", "missing");
        reader.End();
        if (ids.Count > limits.MaxObjectsInGet) throw MethodFailure.RequestTooLarge($"more than {limits.MaxObjectsInGet} emailIds");
        var mail = await mails.OfAsync(call.Account, cancel) ?? throw new MethodFailure("accountNotFound");
        var (inSubject, inBody) = (Terms(filter, ConditionKind.Subject), Terms(filter, ConditionKind.Body));
        var notFound = new List<string>();
        call.Answer.WriteStartObject();
        call.Answer.WriteString("accountId"u8, call.Account.ToString());
        call.Answer.WriteStartArray("list"u8);
        foreach (var id in ids)
        {
            var email = RecordId.TryParse(id, out var wanted) && mail.TryFind(new(wanted), out _)
                ? (await store.EmailsAsync(call.Account, [new(wanted)], cancel))[0] : null;
            if (email is null) notFound.Add(id);
            else await WriteAsync(call, email, inSubject, inBody, cancel);
        }
        call.Answer.WriteEndArray();
        call.Answer.WriteTextsOrNull("notFound"u8, notFound);
        call.Answer.WriteEndObject();
    }

    private async Task WriteAsync(
        Call call, StoredEmail email, IReadOnlyList<SearchTerm> inSubject, IReadOnlyList<SearchTerm> inBody, CancellationToken cancel)
    {
        var subject = inSubject.Count == 0 ? null : SnippetWriter.Whole(EnvelopeReader.Subject(email.Rendered.Envelope), inSubject);
        var preview = inBody.Count == 0 ? null : await PreviewAsync(call.Account, email, inBody, cancel);
        call.Answer.WriteStartObject();
        call.Answer.WriteString("emailId"u8, email.Id.ToString());
        call.Answer.WriteString("subject"u8, subject);
        call.Answer.WriteString("preview"u8, preview);
        call.Answer.WriteEndObject();
    }

    private async Task<string?> PreviewAsync(
        AccountId account, StoredEmail email, IReadOnlyList<SearchTerm> terms, CancellationToken cancel)
    {
        using var body = await store.OpenBodyAsync(account, email.Id, cancel);
        if (body is null or { Fault: not null }) return null;
        var text = new EmailText(new(body, PartIndex.Read(email.Rendered.Parts)));
        return text.BodyTexts().Select(one => SnippetWriter.Section(one, terms)).FirstOrDefault(static found => found is not null);
    }

    // What a filter looks for, wherever in the tree; what it must not find is not marked.
    private static List<SearchTerm> Terms(FilterNode<IReadOnlyList<EmailCondition>>? filter, ConditionKind kind) => filter switch
    {
        FilterNode<IReadOnlyList<EmailCondition>>.Condition all =>
            [.. all.Value.Where(one => one.Kind == kind || one.Kind == ConditionKind.Text).SelectMany(static one => one.Terms).Distinct()],
        FilterNode<IReadOnlyList<EmailCondition>>.Operator { Kind: not FilterOperator.Not } joined =>
            [.. joined.Conditions.SelectMany(one => Terms(one, kind)).Distinct()],
        _ => [],
    };
}
