namespace Aviso.Spam;

/// <summary>
/// LIMIT_HIT: what of the message the checks do not look at, because it is more than one message may cost. Less where ordinary mail
/// does it too: long texts, many links.
/// </summary>
public sealed class LimitsCheck : ISpamCheck
{
    public string Name => "limits";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var content = context.Content;
        if (context.Input.Root.LimitHit) context.LimitHit("its parts are nested deeper, or are more, than are looked at");
        if (content.HasMoreParts) context.LimitHit("it has more parts than are looked at");
        if (content.Header.IsCut) context.LimitHit("its header is longer than what is looked at");
        if (content.HasMoreTexts) context.LimitHit("its texts are longer than what is looked at", 0.5);
        if (content.Texts.Any(t => t.Page is { IsCut: true }) || content.Pages.Any(p => p.Page.IsCut))
            context.LimitHit("a page of it has more links, images, forms or styles than are looked at", 0.3);
        if (content.Plain.Length > RulesCheck.LongestPatternText) context.Skip("rules", "the end of a long text");
        if (content.Urls.Count >= MessageContent.MostUrls) context.LimitHit($"it has more than {MessageContent.MostUrls} links", 0.3);
        return default;
    }
}
