using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>RFC 8621 §4.5: how a result differs from the one a client has.</summary>
internal sealed class EmailQueryChanges(IAccountChanges store, JmapLimits limits, AccountMails mails, ResultLists results)
    : IMethod
{
    public string Name => "Email/queryChanges";

    public string Capability => Capabilities.Mail;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var plan = EmailQueryPlan.Read(reader, limits);
        var arguments = QueryChangesArguments.Read(reader);
        var collapseThreads = reader.Flag("collapseThreads", false);
        reader.End();
        var since = JmapState.Since(arguments.SinceQueryState);
        var mail = await mails.OfAsync(call.Account, cancel) ?? throw new MethodFailure("accountNotFound");
        var affected = await AffectedEmails.SinceAsync(store, mail, since, plan.IsMutable, collapseThreads || plan.IsAboutThreads, cancel)
            ?? throw MethodFailure.CannotCalculateChanges();
        var result = await results.OfAsync(plan, mail, cancel);
        var list = result.Of(collapseThreads);
        var last = LastWanted(plan, list, arguments.UpToId);
        var added = new List<AddedItem>();
        for (var i = 0; i <= last; i++)
        {
            if (affected.Present.ContainsKey(list[i].Id)) added.Add(new(list[i].Id.ToString(), i));
        }
        // Who was there may have been in the old result: that a client does not know an id does no harm.
        var removed = affected.Before.Select(static email => email.ToString()).ToList();
        new QueryChangesAnswer(JmapState.Of(result.State), removed, added, list.Count).Write(call, arguments);
    }

    // RFC 8620 §5.6: where nothing can change its place, what is added behind the last id that a client has need not be told.
    private static int LastWanted(EmailQueryPlan plan, IReadOnlyList<SortedEmail> list, string? upToId)
    {
        var at = plan.IsMutable || upToId is null ? -1 : EmailQuery.IndexOf(list, upToId);
        return at < 0 ? list.Count - 1 : at;
    }
}
