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
        var address = TraceFields.Shown(sender.LocalPart, sender.Domain);
        return grants.MaySendAs(new(login.Account), address) ? null : Missing(login, address, "the envelope sender");
    }

    /// <summary>The same for every address of From and Sender. What names no domain names nobody.</summary>
    public static Refusal? CheckHeader(SendAsGrants grants, Principal login, ReceiveHeader header)
    {
        foreach (var author in header.Authors)
        {
            if (author.Domain.Length > 0 && !grants.MaySendAs(new(login.Account), author.Address)) return Missing(login, author.Address, "From or Sender");
        }
        return null;
    }

    /// <summary>The body with Date and Message-ID before it, or the same body when it has both.</summary>
    public static SpooledBody Complete(SpooledBody body, ReceiveHeader header, BodySpool spool, string hostName, string id, DateTimeOffset now)
    {
        if (header.HasDate && header.HasMessageId) return body;
        var added = new StringBuilder();
        if (!header.HasDate) added.Append("Date: ").Append(MailDate.Format(now.ToUniversalTime())).Append("\r\n");
        if (!header.HasMessageId) added.Append("Message-ID: <").Append(id).Append('@').Append(hostName).Append(">\r\n");
        var whole = spool.Begin();
        try
        {
            whole.Write(Encoding.ASCII.GetBytes(added.ToString()));
            body.ForEachPiece(piece => whole.Write(piece.Span));
        }
        catch
        {
            whole.Dispose();
            throw;
        }
        body.Dispose();
        return whole;
    }

    private static Refusal Missing(Principal login, string address, string where)
    {
        var shown = address.Length <= 320 ? address : address[..320];
        var clean = new string([.. shown.Select(c => char.IsControl(c) ? '?' : c)]);
        return new(553, new(5, 7, 1), $"{login.Address} lacks the grant send_as {clean}", $"send-as: {where} is {clean}, which {login.Address} has no grant for");
    }
}
