using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Spam;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Says whether it is junk. Greylisting puts mail off on purpose; a filter that fails never does.</summary>
internal sealed class Score(ReceiveParts parts) : IReceiveStep
{
    public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.IsSubmission) return null;
        if (parts.Filters.Spam() is { } filter) context.Spam = await filter.CheckAsync(Input(context), cancel);
        var refused = Refused(context);
        Note(context, refused);
        return refused;
    }

    public void WasSkipped(ReceiveContext context)
    {
        context.Spam = SpamVerdict.Unchecked("filter (fault)");
        Note(context, null);
    }

    private SpamInput Input(ReceiveContext context)
    {
        var client = context.Transaction.Client;
        return new()
        {
            Body = context.Body,
            Root = context.Parts,
            Auth = context.Auth,
            Client = context.Sender,
            Helo = context.Auth?.Helo ?? client.Helo,
            Sender = context.Transaction.Sender.Address,
            Recipients = [.. context.Recipients.Where(r => !r.IsTrap).Select(r => r.Shown)],
            Accounts = [.. context.Recipients.SelectMany(r => r.Local).Select(l => l.Account).Distinct()],
            IsInternal = client.Origin.IsInternal,
            IsRelayed = context.IsLmtp || parts.Filters.IsTrustedRelay(client.Origin.Remote.Address),
            Traps = context.Traps,
        };
    }

    private static Refusal? Refused(ReceiveContext context) => context.Spam switch
    {
        // Who writes to a trap is not told that it is one.
        _ when context.Traps > 0 => null,
        { Action: SpamAction.Greylist } spam => Refusals.Greylisted(spam.Reason),
        { Action: SpamAction.Reject, Virus: { Length: > 0 } virus } => Refusals.Virus(virus),
        // RFC 5321 §4.5.1: who complains to the postmaster must be heard; such mail is filed in Junk instead.
        { Action: SpamAction.Reject } when !context.Recipients.Exists(r => Postmaster.Is(r.Recipient.LocalPart)) => Refusals.Spam,
        _ => null,
    };

    private void Note(ReceiveContext context, Refusal? refused)
    {
        var (auth, spam) = (context.Auth, context.Spam);
        if (auth is null && spam is null) return;
        var action = refused is not null && spam is not null ? spam.Action : context.IsTagged ? SpamAction.Tag : SpamAction.Accept;
        ReceiveMeters.Judged.Add(1, new KeyValuePair<string, object?>("action", action.ToString().ToLowerInvariant()));
        if (auth is not null && refused is not { IsPermanent: false }) Tally(context, auth, refused);
        if (!parts.Log.IsEnabled(LogLevel.Information)) return;
        parts.Log.Judged(context.Id, context.Sender, $"{auth?.Spf.Result}",
            string.Join(',', auth?.Dkim.Select(d => $"{d.Result}:{d.Domain}") ?? []), $"{auth?.Dmarc.Result}", $"{auth?.Arc.Result}",
            spam?.Score ?? 0, action.ToString(), string.Join(',', spam?.Symbols.Select(s => s.Name) ?? []),
            string.Join(',', (spam?.Skipped ?? []).Concat(auth?.Skipped ?? [])));
    }

    private void Tally(ReceiveContext context, AuthVerdict auth, Refusal? refused)
    {
        var did = refused is not null ? "reject" : context.IsTagged ? "quarantine" : "none";
        var asked = auth.Dmarc.Policy.ToString().ToLowerInvariant();
        parts.Filters.Tally?.Count(auth, context.Sender, auth.Spf.Identity == "mailfrom" ? auth.Spf.Domain : "", did,
            auth.Dmarc.Result == DmarcResult.Fail && did != asked ? new("local_policy", "") : null);
    }
}

/// <summary>Addresses that everybody must be able to complain to (RFC 5321 §4.5.1, RFC 2142).</summary>
internal static class Postmaster
{
    public static bool Is(string localPart) =>
        localPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase) || localPart.Equals("abuse", StringComparison.OrdinalIgnoreCase);
}
