using System.Text;
using Aviso.Base;
using Aviso.MailAuth;
using Aviso.Spam;

namespace Aviso.Delivery;

/// <summary>The steps that find out who sent a message and whether it is junk. Neither ever defers mail on its own account.</summary>
public sealed partial class MailReceiver
{
    private async ValueTask<Refusal?> VerifySenderAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.IsSubmission) return null;
        if (Filters.Verifier is { } verifier)
        {
            var client = context.Transaction.Client;
            try
            {
                var (address, helo) = OriginalClient.Find(context.Header.Octets.Span, client.Origin.Remote.Address, client.Helo, Filters.IsTrustedRelay);
                var sender = context.Transaction.Sender.Address;
                context.Auth = await verifier.VerifyAsync(new(address, helo, sender, context.Body)
                {
                    SignaturesOnly = client.Origin.IsInternal && address.Equals(client.Origin.Remote.Address),
                }, cancel);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.StepSkipped(e, context.Id, "verifying the sender");
            }
        }
        RemoveClaims(context);
        return null;
    }

    // RFC 8601 §5: nobody but us speaks in our name. The same for our own words about spam, which scripts of others and ours believe.
    private void RemoveClaims(ReceiveContext context)
    {
        var claims = AuthenticationResults.Claiming(context.Header.Octets.Span, options.HostName);
        if (Filters.Spam() is not null) claims = [.. claims.Concat(SpamFields.Claiming(context.Header.Octets.Span)).OrderBy(c => c.Start.Value)];
        if (claims.Count == 0) return;
        var cleaned = store.Spool.Begin();
        try
        {
            var at = 0;
            foreach (var claim in claims)
            {
                cleaned.Write(context.Header.Octets.Span[at..claim.Start.Value]);
                at = claim.End.Value;
            }
            var skip = (long)at;
            long seen = 0;
            context.Body.ForEachPiece(piece =>
            {
                var from = (int)Math.Clamp(skip - seen, 0, piece.Length);
                cleaned.Write(piece.Span[from..]);
                seen += piece.Length;
            });
        }
        catch
        {
            cleaned.Dispose();
            throw;
        }
        context.Body.Dispose();
        context.Body = cleaned;
    }

    private async ValueTask<Refusal?> ScoreAsync(ReceiveContext context, CancellationToken cancel)
    {
        if (context.IsSubmission) return null;
        var transaction = context.Transaction;
        if (Filters.Spam() is { } filter)
        {
            try
            {
                context.Spam = await filter.CheckAsync(new()
                {
                    Body = context.Body,
                    Root = context.Parts,
                    Auth = context.Auth,
                    Client = context.Sender,
                    Helo = context.Auth?.Helo ?? transaction.Client.Helo,
                    Sender = transaction.Sender.Address,
                    Recipients = [.. context.Recipients.Where(r => !r.IsTrap).Select(r => r.Shown)],
                    Accounts = [.. context.Recipients.SelectMany(r => r.Local).Select(l => l.Account).Distinct()],
                    IsInternal = transaction.Client.Origin.IsInternal,
                    IsRelayed = context.IsLmtp || Filters.IsTrustedRelay(transaction.Client.Origin.Remote.Address),
                    Traps = context.Traps,
                }, cancel);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                context.Spam = SpamVerdict.Unchecked("filter (fault)");
                log.StepSkipped(e, context.Id, "the spam filter");
            }
        }
        var refused = Refused(context);
        Note(context, refused);
        return refused;
    }

    private static Refusal? Refused(ReceiveContext context) => context.Spam switch
    {
        // Who writes to a trap is not told that it is one.
        _ when context.Traps > 0 => null,
        { Action: SpamAction.Greylist } spam => Refusals.Greylisted(spam.Reason),
        // RFC 5321 §4.5.1: who complains to the postmaster must be heard; such mail is filed in Junk instead.
        { Action: SpamAction.Reject, Virus: { Length: > 0 } virus } => Refusals.Virus(virus),
        { Action: SpamAction.Reject } when !context.Recipients.Exists(r => IsPostmaster(r.Recipient.LocalPart)) => Refusals.Spam,
        _ => null,
    };

    private static bool IsPostmaster(string localPart) =>
        localPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase) || localPart.Equals("abuse", StringComparison.OrdinalIgnoreCase);

    private void Note(ReceiveContext context, Refusal? refused)
    {
        var (auth, spam) = (context.Auth, context.Spam);
        if (auth is null && spam is null) return;
        var action = refused is not null ? spam!.Action : context.IsTagged ? SpamAction.Tag : SpamAction.Accept;
        ReceiveMeters.Judged.Add(1, new KeyValuePair<string, object?>("action", action.ToString().ToLowerInvariant()));
        if (auth is not null && refused is not { IsPermanent: false })
        {
            var did = refused is not null ? "reject" : context.IsTagged ? "quarantine" : "none";
            var asked = auth.Dmarc.Policy.ToString().ToLowerInvariant();
            Filters.Tally?.Count(auth, context.Sender, auth.Spf.Identity == "mailfrom" ? auth.Spf.Domain : "", did,
                auth.Dmarc.Result == DmarcResult.Fail && did != asked ? new("local_policy", "") : null);
        }
        if (!log.IsEnabled(Microsoft.Extensions.Logging.LogLevel.Information)) return;
        log.Judged(context.Id, context.Sender, $"{auth?.Spf.Result}", string.Join(',', auth?.Dkim.Select(d => $"{d.Result}:{d.Domain}") ?? []), $"{auth?.Dmarc.Result}",
            $"{auth?.Arc.Result}", spam?.Score ?? 0, action.ToString(), string.Join(',', spam?.Symbols.Select(s => s.Name) ?? []),
            string.Join(',', (spam?.Skipped ?? []).Concat(auth?.Skipped ?? [])));
    }

    /// <summary>Header fields that tell a mailbox's owner, and programs, what was found out.</summary>
    private ReadOnlyMemory<byte> Findings(ReceiveContext context, Store.AccountId account)
    {
        if (context.Auth is null && context.Spam is null) return default;
        return Encoding.UTF8.GetBytes((context.Spam?.Fields(account) ?? "") + (context.Auth?.Results(options.HostName) ?? ""));
    }

    private Refusal? Sign(ReceiveContext context)
    {
        if (!context.IsSubmission || Filters.Keys is not { } keys) return null;
        try
        {
            // The domain of From is what DMARC asks a signature for.
            var domain = context.Header.Authors is [var author, ..] ? author.Domain : context.Transaction.Sender.Domain.Ascii;
            if (keys.KeysOf(domain) is { Count: > 0 } signing) context.Signatures = DkimSigner.Sign(context.Body, signing, SignOptions.Default, context.Now);
        }
        catch (Exception e)
        {
            log.StepSkipped(e, context.Id, "signing");
        }
        return null;
    }
}
