using System.Text.RegularExpressions;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>Addresses and domain names have one home, src/Wire/Base: nobody else cuts them or turns labels into others.</summary>
public sealed partial class AddressHouseTests
{
    // The grammar of address fields itself (RFC 5322 §3.4); and the "@" of a URL's authority (WHATWG URL §4.4) and one somewhere in the
    // words of a name are not those of an address.
    private static readonly string[] NoAddresses =
        ["Wire/Mime/Addresses/AddressList.cs", "Services/Spam/Content/UrlParser.cs", "Services/Spam/Checks/HeaderCheck.cs"];

    private static IEnumerable<(string File, string Text)> Sources()
    {
        var src = Path.Combine(Checkout.Root, "src");
        foreach (var file in Directory.EnumerateFiles(src, "*.cs", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(src, file).Replace('\\', '/');
            if (!path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)) yield return (path, File.ReadAllText(file));
        }
    }

    [Fact]
    public void One_place_turns_labels_into_others() =>
        Assert.Equal(["Wire/Base/DomainName.cs"], Sources().Where(s => Mappings().IsMatch(s.Text)).Select(s => s.File));

    [Fact]
    public void One_place_cuts_text_at_the_at_sign() =>
        Assert.Equal(["Wire/Base/MailAddress.cs"], Sources().Where(s => Cuts().IsMatch(s.Text)).Select(s => s.File).Except(NoAddresses));

    [GeneratedRegex(@"\bIdnMapping\b")]
    private static partial Regex Mappings();

    [GeneratedRegex(@"(IndexOf|IndexOfAny|Split)\(\(?(byte\))?\s*['""]@['""]")]
    private static partial Regex Cuts();
}
