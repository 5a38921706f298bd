using System.Net;
using System.Text;
using Aviso.MailAuth;
using Xunit;

namespace Aviso.Tests.Unit.MailAuth;

public sealed class OriginalClientTests
{
    private const string Relay = "10.0.0.1", Second = "10.0.0.2";

    private static string Find(string header, string peer = Relay)
    {
        var (client, helo) = OriginalClient.Find(Encoding.ASCII.GetBytes(header.ReplaceLineEndings("\r\n") + "\r\n\r\n"),
            IPAddress.Parse(peer), "relay", a => a.ToString() is Relay or Second);
        return $"{client} {helo}";
    }

    [Theory]
    [InlineData("Received: from client.example (name.example [192.0.2.1])\n\tby relay (Postfix) with ESMTP id 1\n\tfor <a@b.example>; Sat, 21 Nov 2026 09:00:00 +0000", "192.0.2.1 client.example")]
    [InlineData("Received: from client.example (name.example [192.0.2.1]) by relay with ESMTP id 1; Sat, 21 Nov 2026 09:00:00 +0000",
        "192.0.2.1 client.example")]
    [InlineData("Received: from client.example (unknown [IPv6:2001:db8::1])\n\tby relay with ESMTPS id 1; now",
        "2001:db8::1 client.example")]
    [InlineData("Received: from client.example (unknown [IPv6:::ffff:192.0.2.1])\n\tby relay with ESMTPS id 1; now",
        "192.0.2.1 client.example")]
    [InlineData("Received: from name.example ([192.0.2.1] helo=client.example)\n\tby relay with esmtp (Exim 4.98)\n\tid 1; now",
        "192.0.2.1 client.example")]
    [InlineData("Received: from [192.0.2.1] (helo=client.example)\n\tby relay with esmtp; now", "192.0.2.1 client.example")]
    [InlineData("Received: from [203.0.113.9] (name.example [192.0.2.1])\n\tby relay with ESMTP id 1; now", "192.0.2.1 [203.0.113.9]")]
    [InlineData("Received: from client.example\n\t(name.example [192.0.2.1])\n\tby relay with ESMTP id 1; now", "192.0.2.1 client.example")]
    [InlineData("Received: by relay with LMTP id 1; now", Relay + " relay")]
    [InlineData("Received: nonsense", Relay + " relay")]
    [InlineData("Subject: none", Relay + " relay")]
    public void The_relays_own_field_says_who_it_was(string header, string found) => Assert.Equal(found, Find(header));

    // HELO and the name in a client's certificate are a stranger's words within the relay's field.
    [Theory]
    [InlineData("Received: from by (name.example [192.0.2.1])\n\tby relay with ESMTP id 1; now")]
    [InlineData("Received: from x (a [203.0.113.9]) by y (name.example [192.0.2.1])\n\tby relay (Postfix) with ESMTP id 1; now")]
    [InlineData("Received: from name.example ([192.0.2.1] helo=[203.0.113.9])\n\tby relay with esmtp; now")]
    [InlineData("Received: from name.example ([192.0.2.1] ident=[203.0.113.9] helo=x)\n\tby relay with esmtp; now")]
    [InlineData("Received: from x (name.example [192.0.2.1])\n\t(using TLSv1.3)\n\t(Client CN \"a [203.0.113.9]\", Issuer \"b\")\n\tby relay with ESMTPS id 1; now")]
    [InlineData("Received: from x (name.example [192.0.2.1])\n\tby relay with ESMTP id 1\n\tfor <\"a [203.0.113.9] by b\"@c.example>; now")]
    public void A_stranger_cannot_choose_the_address(string header) =>
        Assert.StartsWith("192.0.2.1 ", Find(header), StringComparison.Ordinal);

    [Fact]
    public void Relays_in_a_row_are_followed_and_fields_of_strangers_are_not()
    {
        const string chain =
            "Received: from b (b [10.0.0.2])\n\tby a; now\nReceived: from c (c [192.0.2.1])\n\tby b; now\nReceived: from d (d [203.0.113.9])\n\tby c; now";
        Assert.Equal("192.0.2.1 c", Find(chain));
        Assert.Equal("198.51.100.1 relay", Find(chain, "198.51.100.1"));
    }
}
