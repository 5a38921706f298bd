using System.Text;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Senders of forwarded mail (SRS) and the way back. Most senders stand in the rewritten address itself; one that would make it longer
/// than the 64 octets which every next hop takes is kept in the store under a short token for as long as a bounce may come.
/// </summary>
/// <param name="maxAge">How long a rewritten address holds.</param>
public sealed class SenderRewriter(Srs srs, IDocumentRows documents, TimeProvider clock, ILogger log, TimeSpan? maxAge = null)
{
    private const string Kind = "srs-sender";

    // Written anew once a week at most, however much mail a sender sends.
    private static readonly TimeSpan Slack = TimeSpan.FromDays(8), Due = TimeSpan.FromDays(1);

    private readonly TimeSpan _maxAge = maxAge ?? new SrsOptions().MaxAge;

    /// <summary>
    /// The sender of a forwarded message, at <paramref name="domain"/>. What is needed for the way back is on disk when this returns.
    /// </summary>
    /// <param name="sender">Not the null one.</param>
    public async ValueTask<MailAddress> ForwardAsync(MailAddress sender, DomainName domain, CancellationToken cancel)
    {
        var whole = srs.Forward(sender, domain);
        if (Srs.Fits(whole)) return whole;
        var token = Srs.TokenOf(sender);
        try
        {
            await KeepAsync(token, sender, cancel);
            return srs.ForwardByToken(token, domain);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A long address mostly arrives; a message that waits for this does not.
            log.SenderNotKept(e, sender.Shown);
            return whole;
        }
    }

    /// <summary>Whom a bounce to this address of ours is for; null when it is none that we made, or too old.</summary>
    /// <param name="localPart">Unquoted.</param>
    public async ValueTask<MailAddress?> ReverseAsync(string localPart, CancellationToken cancel)
    {
        var back = srs.Reverse(localPart);
        if (back.Token is not { } token) return back.Address;
        var kept = await documents.GetDocumentAsync(default, Kind, token, cancel);
        return kept is not null && MailAddress.TryParse(Encoding.UTF8.GetString(kept.Value), out var sender) ? sender : null;
    }

    private async Task KeepAsync(string token, MailAddress sender, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var least = now + (long)(_maxAge + Due).TotalSeconds;
        if (await documents.GetDocumentAsync(default, Kind, token, cancel) is { } known && known.ExpiresAt >= least) return;
        var ends = now + (long)(_maxAge + Slack).TotalSeconds;
        await documents.ChangeDocumentsAsync([new(new(default, Kind, token), Encoding.UTF8.GetBytes(sender.Wire), now, ends)], [], cancel);
    }
}
