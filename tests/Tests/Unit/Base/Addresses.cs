using Aviso.Base;

namespace Aviso.Tests.Unit.Base;

/// <summary>Addresses of tests, from text.</summary>
internal static class Addresses
{
    /// <summary>The address; none for "". What is no address keeps the parts that are some, as a kinder grammar might hand them on.</summary>
    public static MailAddress Of(string text)
    {
        if (MailAddress.TryParse(text, out var address)) return address;
        return MailAddress.TryCut(text, out var local, out var domain) ? new(local.ToString(), Domain(domain)) : new("", Domain(text));
    }

    public static DomainName Domain(ReadOnlySpan<char> text) => DomainName.TryParseOrLiteral(text, out var name) ? name : default;
}
