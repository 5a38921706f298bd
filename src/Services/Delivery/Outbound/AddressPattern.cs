using Aviso.Accounts;
using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>
/// Which addresses a route is about: "*", "example.org", "*.example.org", "user@example.org", "*@example.org", "sales-*@example.org",
/// "*@*.example.org". A "*" in a local part stands for any run of characters; "*." for everything below a domain, not the domain
/// itself. Case never matters.
/// </summary>
internal sealed class AddressPattern
{
    private static readonly AddressPattern Any = new(["", ""], "", isBelow: false);

    private readonly string[] _local;
    private readonly string _domain;
    private readonly bool _isBelow;

    private AddressPattern(string[] local, string domain, bool isBelow) => (_local, _domain, _isBelow) = (local, domain, isBelow);

    /// <param name="text">Checked with the settings; null for any address. What is no pattern matches nothing.</param>
    public static AddressPattern Read(string? text)
    {
        if (text is null or "*") return Any;
        if (!MailAddress.TryCut(text, out var local, out var domain))
        {
            local = "*";
            domain = text;
        }
        var isBelow = domain.StartsWith("*.");
        if (isBelow) domain = domain[2..];
        string[] pieces = MailAddress.TryUnquote(local, out var plain) ? plain.ToLowerInvariant().Split('*') : [];
        if (domain is "*") return new(pieces, "", isBelow: false);
        return new(DomainName.TryParseOrLiteral(domain, out var name) ? pieces : [], name.Ascii, isBelow);
    }

    public bool Matches(MailAddress address)
    {
        if (ReferenceEquals(this, Any)) return true;
        var domain = address.Domain.Ascii;
        var fits = _domain.Length == 0 || (_isBelow ? domain != _domain && DomainName.IsWithin(domain, _domain) : domain == _domain);
        return fits && _local.Length > 0 && LocalPattern.Matches(_local, address.LocalPart.ToLowerInvariant());
    }
}
