using System.Text;
using Aviso.Mime;
using Xunit;

namespace Aviso.Tests.Unit.Mime;

/// <summary>RFC 5322 §3.4: some put the name of a person into a comment that follows the bare address. A comment before it names nobody.</summary>
public sealed class AddressCommentTests
{
    [Theory]
    [InlineData("boss@example.org (The Boss)", "The Boss")]
    [InlineData("<boss@example.org> (The Boss)", "The Boss")]
    [InlineData("(The Boss) mallory@example.net", "")]
    [InlineData("(The Boss) root", "")]
    [InlineData("root (Charlie Root)", "Charlie Root")]
    [InlineData("(one) mallory@example.net (two)", "two")]
    [InlineData("Mallory (one) <mallory@example.net>", "Mallory")]
    [InlineData("Group: (The Boss) mallory@example.net;", "")]
    public void Only_a_comment_behind_a_bare_address_is_a_name(string field, string name) =>
        Assert.Equal(name, Assert.Single(AddressList.Mailboxes(AddressList.Parse(Encoding.ASCII.GetBytes(field)))).DisplayName);
}
