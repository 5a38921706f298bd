using Aviso.Base;
using Xunit;

namespace Aviso.Tests.Unit.Base;

public sealed class AddressComparerTests
{
    [Theory]
    [InlineData("a@b\u00FCcher.example", "a@xn--bcher-kva.example", true)]
    [InlineData("A@B\u00DCCHER.example", "a@xn--bcher-kva.example", true)]
    [InlineData("\"a\"@example.org", "a@example.org", true)]
    [InlineData("\"a b\"@example.org", "\"A B\"@EXAMPLE.org.", true)]
    [InlineData("j\u00FCrgen@example.org", "J\u00DCRGEN@example.org", true)]
    [InlineData("no address", "NO address", true)]
    [InlineData("a@example.org", "a@example.net", false)]
    [InlineData("a+x@example.org", "a@example.org", false)]
    [InlineData("", "a@example.org", false)]
    public void Spellings_of_one_address_are_equal(string one, string other, bool equal)
    {
        var comparer = AddressComparer.Instance;
        Assert.Equal(equal, comparer.Equals(one, other));
        if (equal) Assert.Equal(comparer.GetHashCode(one), comparer.GetHashCode(other));
    }
}
