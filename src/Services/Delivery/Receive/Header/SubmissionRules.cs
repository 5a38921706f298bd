using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Net;

namespace Aviso.Delivery;

/// <summary>
/// RFC 6409: what is done to mail that somebody hands in, and only to that. Date and Message-ID are added when missing (§8.2, §8.3),
/// Bcc is taken out (§8). Who wrote it must be plain to every program, and somebody in whose name the account may send.
/// </summary>
internal static class SubmissionRules
{
    /// <summary>553 5.7.1 when the account may not send as the envelope sender. The null sender is everybody's (RFC 8098 §3).</summary>
    public static Refusal? CheckEnvelope(SendAsGrants grants, Principal login, Smtp.ReversePath sender)
    {
        if (sender.IsNull) return null;
        var address = sender.Address.Wire;
        return MaySendAs(grants, login, address) ? null : Lacks(login, address, "the envelope sender");
    }

    /// <summary>
    /// The same for every author and sender in the header; 554 5.6.0 when it cannot be said who they are (RFC 5322 §3.6, §3.6.6).
    /// </summary>
    /// <param name="authors">At least one; those of From first.</param>
    public static Refusal? CheckHeader(SendAsGrants grants, Principal login, ReceiveHeader header, out List<HeaderAddress> authors)
    {
        var wrong = header.Authors.Read(out authors) ?? (header.HasStrayLine ? "a line of the header is no field" : null);
        if (wrong is not null) return new(554, new(5, 6, 0), $"The header is not acceptable: {wrong}", Reason.Header, wrong);
        foreach (var author in authors)
        {
            if (!MaySendAs(grants, login, author.Address)) return Lacks(login, author.Address, "From or Sender");
        }
        return null;
    }

    // An app password may be for less than its account, never for more.
    private static bool MaySendAs(SendAsGrants grants, Principal login, string address) =>
        grants.MaySendAs(new(login.Account), address)
        && (login.Scope is not { SendAs.Count: > 0 } scope || SendAsGrants.Covers(scope.SendAs, address));

    /// <summary>Date and Message-ID where the header has none, CRLF at the end.</summary>
    public static byte[] Missing(ReceiveHeader header, string hostName, string id, DateTimeOffset now)
    {
        if (header.HasDate && header.HasMessageId) return [];
        var added = new StringBuilder();
        if (!header.HasDate) added.Append("Date: ").Append(MailDate.Format(now.ToUniversalTime())).Append("\r\n");
        if (!header.HasMessageId) added.Append("Message-ID: <").Append(id).Append('@').Append(hostName).Append(">\r\n");
        return Encoding.ASCII.GetBytes(added.ToString());
    }

    private static Refusal Lacks(Principal login, string address, string where)
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
