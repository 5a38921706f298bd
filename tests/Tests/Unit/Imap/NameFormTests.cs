using System.Text;
using Aviso.Imap;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>Names as clients of another server knew them.</summary>
public sealed class NameFormTests
{
    [Theory]
    [InlineData('/', "", "Archive/2024", "Archive/2024")]
    [InlineData('.', "", "Archive/2024", "Archive.2024")]
    [InlineData('.', "", "a.b/c", "a/b.c")]
    [InlineData('.', "", "INBOX/Sub", "INBOX.Sub")]
    [InlineData('.', "INBOX.", "INBOX", "INBOX")]
    [InlineData('.', "INBOX.", "Sent", "INBOX.Sent")]
    [InlineData('.', "INBOX.", "INBOX/Sub", "INBOX.INBOX.Sub")]
    [InlineData('/', "Mail/", "Entwürfe/Ä", "Mail/Entw&APw-rfe/&AMQ-")]
    public void A_name_has_one_spelling_on_either_side(char separator, string prefix, string inside, string wire)
    {
        var form = new NameForm(false, new(separator, prefix));
        Assert.True(form.Naming!.IsValid);
        Assert.Equal(wire, MailboxName.ToWire(inside, form));
        Assert.Equal(inside, MailboxName.FromWire(Encoding.ASCII.GetBytes(wire), form));
    }

    [Theory]
    [InlineData('.', "", "%", "Archive", true)]
    [InlineData('.', "", "%", "Archive/2024", false)]
    [InlineData('.', "", "Archive.%", "Archive/2024", true)]
    [InlineData('.', "INBOX.", "INBOX.%", "Sent", true)]
    [InlineData('.', "INBOX.", "%", "Sent", false)]
    [InlineData('.', "INBOX.", "*", "Sent", true)]
    [InlineData('.', "INBOX.", "%", "INBOX", true)]
    public void Patterns_are_about_what_clients_see(char separator, string prefix, string pattern, string name, bool matches)
    {
        var form = new NameForm(true, new(separator, prefix));
        var read = new ListPattern(MailboxName.Canonical(MailboxName.PatternFromWire(Encoding.ASCII.GetBytes(pattern), form)!));
        Assert.Equal(matches, read.Match(form.Whole(name)) == ListMatch.Yes);
    }

    [Theory]
    [InlineData(':', "")]
    [InlineData('.', "INBOX")]
    [InlineData('.', "INBOX/")]
    [InlineData('.', ".")]
    [InlineData('.', "a.b.")]
    [InlineData('.', "a b.")]
    public void What_cannot_be_is_refused(char separator, string prefix) => Assert.False(new MailboxNaming(separator, prefix).IsValid);
}
