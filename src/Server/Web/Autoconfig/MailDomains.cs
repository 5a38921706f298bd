using Aviso.Base;

namespace Aviso.Web;

/// <summary>The names under which mail programs look for their settings: of a domain with mail here, and what they put before it.</summary>
/// <param name="isOurs">Is this a domain whose mail we take.</param>
internal sealed class MailDomains(Func<string, bool> isOurs)
{
    private static readonly string[] Prefixes = ["autoconfig.", "autodiscover."];

    /// <summary>The domain that is meant when a program asks this host; null: none of ours.</summary>
    public string? Of(string host)
    {
        var prefix = Array.Find(Prefixes, p => host.StartsWith(p, StringComparison.OrdinalIgnoreCase)) ?? "";
        var domain = host[prefix.Length..].ToLowerInvariant();
        return isOurs(domain) ? domain : null;
    }

    /// <summary>The domain of an address; null when it is no address, or not of ours. Whether somebody has it is not told.</summary>
    public string? OfAddress(string address) =>
        MailAddress.TryParse(address, out var mail) && isOurs(mail.Domain.Ascii) ? mail.Domain.Ascii : null;
}
