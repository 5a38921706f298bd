namespace Aviso.Jmap;

/// <summary>RFC 8621 §3.1.</summary>
internal sealed class ThreadGetMethod(MailRoom services, JmapLimits limits) : IMethod
{
    public string Name => "Thread/get";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = GetArguments.Read(reader, limits, static property => property is "id" or "emailIds");
        reader.End();
        var mail = await services.Mail.OfAsync(call, cancel);
        var missing = new List<string>();
        GetAnswer.Begin(call, JmapState.Of(mail.State));
        foreach (var id in arguments.Ids ?? All(mail))
        {
            if (!RecordId.TryParse(id, out var number) || !mail.Thread(new(number)).Any()) missing.Add(id);
            else Write(call, arguments, id, mail.Thread(new(number)));
        }
        GetAnswer.End(call, missing);
    }

    private List<string> All(AccountMail mail)
    {
        var threads = mail.From(0).Select(static row => row.Thread).Distinct().Take(limits.MaxObjectsInGet + 1).ToList();
        GetArguments.CheckAll(threads.Count, limits);
        return threads.ConvertAll(static thread => thread.ToString());
    }

    private static void Write(Call call, GetArguments arguments, string id, IEnumerable<EmailRow> emails)
    {
        call.Answer.WriteStartObject();
        call.Answer.WriteString("id"u8, id);
        if (arguments.Wants("emailIds")) call.Answer.WriteTexts("emailIds"u8, emails.Select(static row => row.Id.ToString()));
        call.Answer.WriteEndObject();
    }
}
