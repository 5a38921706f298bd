namespace Aviso.Spam;

/// <summary>
/// LINKS_TO_SENDER: most links lead to the sender, it is proven who that is, and good mail came from there before. A fraud that writes as
/// a company writes needs a link of its own, or a sender that nothing proves; but anybody proves and links a domain made yesterday.
/// </summary>
public sealed class SenderLinksCheck : ISpamCheck
{
    /// <summary>Good mail came from this sender before.</summary>
    public const string KnownMark = "_KNOWN_SENDER";

    public string Name => "sender-links";

    public SpamPhase Phase => SpamPhase.Combine;

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        if (!Reputation.IsProven(context.Input) || !context.Has(KnownMark)) return default;
        var sender = Organization.Of(context.Content.Header.FromDomain);
        var links = context.Content.Urls.Where(u => u.Source != UrlSource.Image).ToList();
        var own = links.Count(u => !u.IsAddress && u.Domain == sender);
        if (own == 0 || own * 2 < links.Count) return default;
        var all = own == links.Count;
        context.Add("LINKS_TO_SENDER", all ? -2.5 : -2,
            $"{(all ? "all" : "most")} links lead to {sender}, which is proven to be the sender and from where good mail came before");
        return default;
    }
}
