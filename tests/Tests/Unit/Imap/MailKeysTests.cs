using Aviso.Imap;
using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

public sealed class MailKeysTests
{
    private static readonly MailKey Some = new(1, TextKey.Of("A"), false, TextKey.Of("a@x"), [TextKey.Of("b@x"), TextKey.Of("c@x")]);

    [Fact]
    public void Equal_texts_have_equal_keys_and_no_text_has_none()
    {
        Assert.Equal(TextKey.Of("a@x"), TextKey.Of("a@x"u8));
        Assert.NotEqual(TextKey.Of("a@x"), TextKey.Of("A@x"));
        Assert.Equal(TextKey.None, TextKey.Of(""));
    }

    [Fact]
    public void References_of_a_row_are_its_lines()
    {
        var key = MailKey.Of(new ShownEmail { References = "b@x\nc@x"u8, MessageId = "a@x"u8, BaseSubject = "A"u8, SentDate = 1 });
        Assert.Equal(Some.References, key.References);
        Assert.Equal((Some.SentDate, Some.Subject, Some.MessageId), (key.SentDate, key.Subject, key.MessageId));
        Assert.Empty(MailKey.Of(new ShownEmail()).References);
    }
}
