using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Net;

namespace Aviso.Delivery;

/// <summary>
/// RFC 6409: what is done to mail that somebody hands in, and only to that. Date and Message-ID are added when missing (§8.2, §8.3);
/// nothing else of the message is touched, since it may be signed or encrypted: Bcc stays as the client left it (RFC 5322 §3.6.3
/// gives clients that choice), and so does a missing From.
/// </summary>
internal static class SubmissionRules
{
    /// <summary>553 5.7.1 when the account may not send as the envelope sender. The null sender is everybody's (RFC 8098 §3).</summary>
    public static Refusal? CheckEnvelope(SendAsGrants grants, Principal login, Smtp.ReversePath sender)
    {
        if (sender.IsNull) return null;
        var address = sender.Address.Wire;
        return MaySendAs(grants, login, address) ? null : Missing(login, address, "the envelope sender");
    }

    /// <summary>The same for every address of From and Sender. What names no domain names nobody.</summary>
    public static Refusal? CheckHeader(SendAsGrants grants, Principal login, ReceiveHeader header)
    {
        foreach (var author in header.Authors)
        {
            if (author.Domain.Length > 0 && !MaySendAs(grants, login, author.Address)) return Missing(login, author.Address, "From or Sender");
        }
        return null;
    }

    // An app password may be for less than its account, never for more.
    private static bool MaySendAs(SendAsGrants grants, Principal login, string address) =>
        grants.MaySendAs(new(login.Account), address)
        && (login.Scope is not { SendAs.Count: > 0 } scope || SendAsGrants.Covers(scope.SendAs, address));

    /// <summary>A new body with Date and Message-ID before it, or the same body when it has both.</summary>
    public static SpooledBody Complete(SpooledBody body, ReceiveHeader header, BodySpool spool, string hostName, string id, DateTimeOffset now)
    {
        if (header.HasDate && header.HasMessageId) return body;
        var added = new StringBuilder();
        if (!header.HasDate) added.Append("Date: ").Append(MailDate.Format(now.ToUniversalTime())).Append("\r\n");
        if (!header.HasMessageId) added.Append("Message-ID: <").Append(id).Append('@').Append(hostName).Append(">\r\n");
        return spool.Make(whole =>
        {
            whole.Write(Encoding.ASCII.GetBytes(added.ToString()));
            whole.Write(body);
        });
    }

    private static Refusal Missing(Principal login, string address, string where)
    {
        var shown = address.Length <= 320 ? address : address[..320];
        var clean = new string([.. shown.Select(c => char.IsControl(c) ? '?' : c)]);
        if (login.Scope is { SendAs.Count: > 0 } scope)
            return new(553, new(5, 7, 1), $"The app password is not for sending as {clean}", Reason.SendAs,
                $"{where} is {clean}, which the app password {scope.Name} of {login.Address} is not for");
        return new(553, new(5, 7, 1), $"{login.Address} lacks the grant send_as {clean}", Reason.SendAs,
            $"{where} is {clean}, which {login.Address} has no grant for");
    }
}
