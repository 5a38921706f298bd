using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Spam;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// Says what is done about what was found out: what the author's domain asks for (DMARC), then what the filter says. Greylisting puts
/// mail off on purpose, and so does a virus scanner that cannot be asked (docs/decisions/0046).
/// </summary>
internal sealed class Judge(ReceiveParts parts) : IReceiveStep
{
    private readonly DmarcRule _dmarc = new(parts);

    public ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.IsSubmission) return default;
        var refused = _dmarc.Apply(context) ?? Refused(context);
        if (context.Auth is { Dmarc.Result: DmarcResult.Fail } auth)
            context.Auth = auth with { Disposition = context.IsTagged ? DmarcPolicy.Quarantine : DmarcPolicy.None };
        Note(context, refused);
        return new(refused);
    }

    private static Refusal? Refused(ReceiveContext context) => context.Spam switch
    {
        { Owed.Count: > 0 } spam when !IsRefused(context, spam) => Refusals.Unscanned(string.Join(", ", spam.Owed)),
        // Who writes to a trap is not told that it is one.
        _ when context.Traps > 0 => null,
        { Action: SpamAction.Greylist } spam => Refusals.Greylisted(spam.Reason),
        { Action: SpamAction.Reject, Virus: { Length: > 0 } virus } => Refusals.Virus(virus),
        // RFC 5321 §4.5.1: who complains to the postmaster must be heard; such mail is filed in Junk instead.
        { } spam when IsRefused(context, spam) => Refusals.Spam,
        _ => null,
    };

    private static bool IsRefused(ReceiveContext context, SpamVerdict spam) =>
        spam.Action == SpamAction.Reject && !context.IsForPostmaster && context.Traps == 0;

    private void Note(ReceiveContext context, Refusal? refused)
    {
        var (auth, spam) = (context.Auth, context.Spam);
        if (auth is null && spam is null) return;
        var action = refused is { IsPermanent: true } ? SpamAction.Reject : refused is not null ? SpamAction.Greylist
            : context.IsTagged ? SpamAction.Tag : SpamAction.Accept;
        ReceiveMeters.Judged.Add(1, new KeyValuePair<string, object?>("action", action.ToString().ToLowerInvariant()));
        if (auth is not null && refused is not { IsPermanent: false }) Tally(context, auth, refused);
        if (!parts.Log.IsEnabled(LogLevel.Information)) return;
        parts.Log.Judged(context.Id, context.Sender, $"{auth?.Spf.Result}",
            string.Join(',', auth?.Dkim.Select(d => $"{d.Result}:{d.Domain}") ?? []), $"{auth?.Dmarc.Result}", $"{auth?.Arc.Result}",
            spam?.Score ?? 0, action.ToString(), string.Join(',', spam?.Symbols.Select(s => s.Name) ?? []),
            string.Join(',', (spam?.Skipped ?? []).Concat(auth?.Skipped ?? [])));
    }

    // RFC 7489 §7.2: the report says what was done, and why it was not what the domain asks for.
    private void Tally(ReceiveContext context, AuthVerdict auth, Refusal? refused)
    {
        var did = refused is not null ? "reject" : context.IsTagged ? "quarantine" : "none";
        var asked = auth.Dmarc.Policy.ToString().ToLowerInvariant();
        parts.Filters.Tally?.Count(auth, context.Sender, auth.Spf.Identity == "mailfrom" ? auth.Spf.Domain : "", did,
            auth.Dmarc.Result != DmarcResult.Fail || did == asked ? null
            : new(DmarcRule.IsTrustedForward(auth) ? "trusted_forwarder" : "local_policy", ""));
    }
}
