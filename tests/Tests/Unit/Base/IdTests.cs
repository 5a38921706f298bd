using Aviso.Base;
using Xunit;

namespace Aviso.Tests.Unit.Base;

public sealed class IdTests
{
    [Fact]
    public void Ids_grow_even_when_the_clock_stands_still_or_was_ahead_before()
    {
        var ids = new IdSource(TimeProvider.System);
        var first = ids.Next();
        ids.Seed(first + (1L << 40));
        var seeded = ids.Next();
        Assert.True(seeded > first + (1L << 40));
        var last = seeded;
        for (var i = 0; i < 10_000; i++)
        {
            var next = ids.Next();
            Assert.True(next > last);
            last = next;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(123_456_789_012_345)]
    [InlineData(long.MaxValue)]
    public void Id_text_round_trips(long id)
    {
        Assert.True(IdText.TryParse(IdText.Format(id), out var back));
        Assert.Equal(id, back);
        Assert.True(IdText.TryParse(IdText.Format(id).ToUpperInvariant(), out back));
        Assert.Equal(id, back);
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("uuuuuuuuuuuuu")]
    [InlineData("zzzzzzzzzzzzz")]
    public void Id_text_refuses_what_is_not_one(string text) => Assert.False(IdText.TryParse(text, out _));
}
