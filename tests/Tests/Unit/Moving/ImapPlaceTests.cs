using Aviso.Moving;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>Where an IMAP server is, as people write it.</summary>
public sealed class ImapPlaceTests
{
    [Theory]
    [InlineData("mail.example", null, "mail.example:993 Implicit")]
    [InlineData("mail.example:993", null, "mail.example:993 Implicit")]
    [InlineData("mail.example:143", null, "mail.example:143 StartTls")]
    [InlineData("mail.example:10143", null, "mail.example:10143 StartTls")]
    [InlineData("mail.example", "starttls", "mail.example:143 StartTls")]
    [InlineData("mail.example", "none", "mail.example:143 None")]
    [InlineData("mail.example:10993", "implicit", "mail.example:10993 Implicit")]
    [InlineData("[2001:db8::1]:143", null, "2001:db8::1:143 StartTls")]
    [InlineData("2001:db8::1", null, "2001:db8::1:993 Implicit")]
    public void Tls_is_as_the_port_says_and_never_left_out_by_itself(string where, string? tls, string place)
    {
        var read = ImapPlace.Of(where, Login(tls));
        Assert.Equal(place, $"{read.Address} {read.Tls}");
        Assert.DoesNotContain("secret", read.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mail.example:0", "is no port")]
    [InlineData("mail.example:70000", "is no port")]
    [InlineData("mail example", "is no HOST")]
    [InlineData("", "is no HOST")]
    public void What_is_no_place_says_so(string where, string why) =>
        Assert.Contains(why, Assert.Throws<SourceException>(() => ImapPlace.Of(where, Login())).Message, StringComparison.Ordinal);

    [Fact]
    public void A_login_has_a_user_and_either_a_password_or_a_token()
    {
        Assert.Contains("--user", Why(new() { Password = "x" }), StringComparison.Ordinal);
        Assert.Contains("--password or --token", Why(new() { User = "a" }), StringComparison.Ordinal);
        Assert.Contains("--password or --token", Why(new() { User = "a", Password = "x", Token = "y" }), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Why(new() { User = "a", Password = "x", Ca = "/nowhere/ca.pem" }), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_server_said_last_is_kept_with_its_code()
    {
        using var tail = new ServerTail();
        Say(tail, new string('x', 5000));
        Assert.Equal("", tail.LastAnswer);
        foreach (var (line, last, waits) in new[]
        {
            ("\r\nA1 OK done\r\n", "OK done", false), ("A2 NO [THROTTLED] slow\r\n", "NO [THROTTLED] slow", true),
            ("* BYE bye\r\n", "BYE bye", true), ("A3 NO [NONEXISTENT] gone\r\n", "NO [NONEXISTENT] gone", false),
        })
        {
            Say(tail, line);
            Assert.Equal((last, waits), (tail.LastAnswer, tail.AsksForPatience));
        }
    }

    private static void Say(ServerTail tail, string text)
    {
        var octets = System.Text.Encoding.ASCII.GetBytes(text);
        for (var at = 0; at < octets.Length; at += 700) tail.LogServer(octets, at, Math.Min(700, octets.Length - at));
    }

    private static string Why(ImapLogin login) => Assert.Throws<SourceException>(() => ImapPlace.Of("h.example", login)).Message;

    private static ImapLogin Login(string? tls = null) => new() { User = "alice", Password = "secret", Tls = tls };
}
