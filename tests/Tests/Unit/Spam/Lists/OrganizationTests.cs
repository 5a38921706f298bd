using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Lists;

public sealed class OrganizationTests
{
    [Theory]
    [InlineData("www.one.example", "one.example")]
    [InlineData("a.b.co.uk", "b.co.uk")]
    [InlineData("b.co.uk", "b.co.uk")]
    [InlineData("co.uk", "co.uk")]
    [InlineData("a.b.com.br", "b.com.br")]
    [InlineData("x.y.kobe.jp", "x.y.kobe.jp")]
    [InlineData("w.x.y.kobe.jp", "x.y.kobe.jp")]
    [InlineData("city.kobe.jp", "city.kobe.jp")]
    [InlineData("mail.shop.k12.ca.us", "shop.k12.ca.us")]
    [InlineData("me.github.io", "me.github.io")]
    [InlineData("a.me.github.io", "me.github.io")]
    [InlineData("shop.weebly.com", "shop.weebly.com")]
    [InlineData("weebly.com", "weebly.com")]
    [InlineData("www.id.de", "id.de")]
    [InlineData("localhost", "localhost")]
    [InlineData("", "")]
    [InlineData(".", "")]
    [InlineData("..weebly.com", "..weebly.com")]
    public void The_registered_part_follows_the_public_suffix_list(string host, string domain) =>
        Assert.Equal(domain, Organization.Of(host));
}
