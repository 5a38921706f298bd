using System.Net;
using Aviso.MailAuth;
using Aviso.Spam;
using Aviso.Tests.Unit.Base;

namespace Aviso.Tests.Unit.Spam;

/// <summary>A message from a file as it is when it comes from its author's own servers.</summary>
internal static class ProvenMail
{
    /// <summary>SPF, DKIM and DMARC hold for the author's domain.</summary>
    public static SpamInput Of(SpamInput input)
    {
        var domain = new SpamContext(input, DateTimeOffset.UnixEpoch).Content.Header.FromDomain;
        return input with
        {
            Client = IPAddress.Parse("192.0.2.25"),
            Helo = $"mail.{domain}",
            Sender = Addresses.Of($"bounce@{domain}"),
            Recipients = ["bob@two.example"],
            Auth = new()
            {
                Client = IPAddress.Parse("192.0.2.25"),
                Sender = Addresses.Of($"bounce@{domain}"),
                FromDomain = domain,
                Spf = new(SpfResult.Pass, domain, "mailfrom", "", ""),
                Dkim = [new(DkimResult.Pass, domain, "s1", "rsa-sha256", "", "", Testing: false)],
                Dmarc = new(DmarcResult.Pass, DmarcPolicy.None, domain, domain, true, true, null),
                Iprev = new(IprevResult.Pass, $"mail.{domain}"),
            },
        };
    }
}
