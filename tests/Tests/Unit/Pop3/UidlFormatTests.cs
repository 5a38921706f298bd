using Aviso.Pop3;
using Xunit;

namespace Aviso.Tests.Unit.Pop3;

public sealed class UidlFormatTests
{
    [Theory]
    [InlineData("%08Xu%08Xv", "0000000B66A0B1C2")]
    [InlineData("%08xu%08xv", "0000000b66a0b1c2")]
    [InlineData("%v.%u", "1721807298.11")]
    [InlineData("UID%u-%v", "UID11-1721807298")]
    [InlineData("%%%u", "%11")]
    [InlineData("%5u", "11")]
    [InlineData("%05u", "00011")]
    public void Ids_are_made_as_dovecot_makes_them(string format, string wanted) =>
        Assert.Equal(wanted, UidlFormat.Parse(format, out _)!.Of(11, 0x66A0B1C2));

    [Theory]
    [InlineData("", "no %u")]
    [InlineData("%v", "no %u")]
    [InlineData("%u %v", "character")]
    [InlineData("%f", "followed by")]
    [InlineData("%", "followed by")]
    [InlineData("%08X", "followed by")]
    [InlineData("%071u", "70")]
    [InlineData("%099999999999999999999u", "70")]
    public void A_format_that_breaks_the_rules_is_refused(string format, string why)
    {
        Assert.Null(UidlFormat.Parse(format, out var said));
        Assert.Contains(why, said, StringComparison.Ordinal);
    }
}
