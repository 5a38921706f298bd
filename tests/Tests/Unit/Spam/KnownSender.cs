using Aviso.Spam;

namespace Aviso.Tests.Unit.Spam;

/// <summary>Says that good mail came from this sender before, as reputation does after some mail.</summary>
internal sealed class KnownSender : ISpamCheck
{
    public string Name => "known";

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        context.Mark(SenderLinksCheck.KnownMark);
        return default;
    }
}
