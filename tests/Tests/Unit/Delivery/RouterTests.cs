using Aviso.Delivery;
using Aviso.Tests.Unit.Base;
using Xunit;

namespace Aviso.Tests.Unit.Delivery;

/// <summary>Which route a message takes.</summary>
public sealed class RouterTests
{
    [Theory]
    [InlineData("a@home.test", "b@far.test", "relay:one")]
    [InlineData("a@home.test", "b@sub.far.test", "sub.far.test")]
    [InlineData("a@home.test", "b@x.deep.test", "relay:two")]
    [InlineData("a@home.test", "b@deep.test", "deep.test")]
    [InlineData("news@home.test", "b@any.test", "relay:three")]
    [InlineData("a@list.test", "b@any.test", "relay:four")]
    [InlineData("", "b@B\u00dcCHER.test", "xn--bcher-kva.test")]
    [InlineData("a@home.test", "b@direct.test", "direct.test")]
    [InlineData("a@home.test", "Fax@Any.test", "relay:five")]
    [InlineData("a@home.test", "\"fax\"@any.test", "relay:five")]
    [InlineData("a@home.test", "faxes@any.test", "any.test")]
    [InlineData("a@home.test", "sales-EU@any.test", "relay:six")]
    [InlineData("a@home.test", "sales@any.test", "any.test")]
    [InlineData("a@home.test", "bot@M\u00dcNCHEN.any.test", "relay:seven")]
    [InlineData("job-17@home.test", "b@any.test", "relay:eight")]
    public void Routes_match_in_order(string sender, string recipient, string expected) => Assert.Equal(expected, new Router([
        new("direct.test", null, null), new("far.test", null, "one"), new("*.deep.test", null, "two"),
        new("*", "news@home.test", "three"), new(null, "*@list.test", "four"), new("fax@any.test", null, "five"),
        new("sales-*@any.test", null, "six"), new("bot@*.any.test", null, "seven"), new(null, "job-*@home.test", "eight"),
    ]).DestinationFor(Addresses.Of(sender), Addresses.Of(recipient)));
}
