using Aviso.Guard;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

public sealed class DecisionTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("3h59m27.66s", 14367.66)]
    [InlineData("-1m0.5s", -60.5)]
    [InlineData("250ms", 0.25)]
    [InlineData("1µs", 0.000001)]
    [InlineData("30d", 2592000)]
    [InlineData("0", 0)]
    public void Durations_of_go_are_read(string text, double seconds)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds, 6);
        Assert.True(GoDuration.TryParse(GoDuration.Format(duration), out var again));
        Assert.Equal(duration.TotalSeconds, again.TotalSeconds, 3);
    }

    [Theory]
    [InlineData("")]
    [InlineData("4")]
    [InlineData("h")]
    [InlineData("4 h")]
    [InlineData("1.2.3h")]
    [InlineData("9999999999999h")]
    public void What_is_no_duration_is_not_read(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Theory]
    [InlineData("192.0.2.1/32", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:DB8::/32", "2001:db8::/32")]
    [InlineData("nobody", null)]
    [InlineData("192.0.2.1/24", "192.0.2.0/24")]
    public void Values_have_one_form(string text, string? value) => Assert.Equal(value, Decision.Canonical(text));

    [Theory]
    [InlineData("json", "[{\"duration\":\"1h\",\"value\":\"192.0.2.1\",\"reason\":\"x\"},{\"value\":\"198.51.100.0/24\"}]")]
    [InlineData("json",
        "[{\"id\":3,\"decisions\":[{\"duration\":\"1h0m0s\",\"value\":\"192.0.2.1\",\"scenario\":\"x\"},{\"value\":\"198.51.100.0/24\",\"duration\":\"4h\"}]}]")]
    [InlineData("csv", "duration,scope,value,reason\n1h,ip,192.0.2.1,x\n,range,198.51.100.0/24,\n")]
    public void Files_of_cscli_are_imported(string format, string text)
    {
        var (read, problem) = DecisionImport.Read(text, format, new(), Now);
        Assert.Null(problem);
        Assert.Equal([("192.0.2.1", 1d, "x"), ("198.51.100.0/24", 4d, "manual")],
            read.Select(e => e.Decision).Select(d => (d.Value, (d.Until - Now).TotalHours, d.Scenario)));
    }

    [Theory]
    [InlineData("json", "{")]
    [InlineData("json", "{}")]
    [InlineData("json", "[{\"value\":\"x\"}]")]
    [InlineData("values", "192.0.2.1\nnot one\n")]
    public void A_file_with_a_mistake_is_not_imported_at_all(string format, string text)
    {
        var (read, problem) = DecisionImport.Read(text, format, new(), Now);
        Assert.NotNull(problem);
        Assert.Empty(read);
    }
}
