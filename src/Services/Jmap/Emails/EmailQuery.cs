
namespace Aviso.Jmap;

/// <summary>RFC 8621 §4.4: which emails, in which order.</summary>
internal sealed class EmailQuery(JmapLimits limits, AccountMails mails, ResultLists results) : IMethod
{
    public string Name => "Email/query";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var plan = EmailQueryPlan.Read(reader, limits);
        var window = QueryWindow.Read(reader);
        var collapseThreads = reader.Flag("collapseThreads", false);
        reader.End();
        var mail = await mails.OfAsync(call.Account, cancel) ?? throw new MethodFailure("accountNotFound");
        var result = await results.OfAsync(plan, mail, cancel);
        var list = result.Of(collapseThreads);
        var (start, count) = window.Within(list.Count, id => IndexOf(list, id), limits);
        var ids = list.Skip(start).Take(count).Select(static email => email.Id.ToString());
        new QueryAnswer(JmapState.Of(result.State), CanCalculateChanges: true, start, ids, list.Count).Write(call, window, limits);
    }

    /// <summary>Index of an id in a result, or -1.</summary>
    public static int IndexOf(IReadOnlyList<SortedEmail> list, string id)
    {
        if (!RecordId.TryParse(id, out var email)) return -1;
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i].Id.Value == email) return i;
        }
        return -1;
    }
}
