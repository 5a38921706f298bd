using Aviso.Tests.Unit.Server;
using Xunit;

namespace Aviso.Tests.Unit.Guard;

public sealed class GuardSettingsTests
{
    private const string Engine = "url: \"http://127.0.0.1:8080\", key: \"literal:k\"";

    [Theory]
    [InlineData("{ mode: crowdsec }", "cscli bouncers add")]
    [InlineData("{ mode: crowdsec, crowdsec: { url: \"http://127.0.0.1:8080\" } }", "guard.crowdsec.key: is missing")]
    [InlineData("{ crowdsec: { " + Engine + " } }", "never both ban")]
    [InlineData("{ mode: none, crowdsec: { " + Engine + " } }", "only asked in mode crowdsec")]
    [InlineData("{ mode: crowdsec, crowdsec: { " + Engine + ", machine: aviso } }", "needs both")]
    [InlineData("{ mode: crowdsec, crowdsec: { " + Engine + ", every: 0s } }", "between 1s and 1h")]
    [InlineData("{ mode: crowdsec, crowdsec: { url: \"127.0.0.1:8080\", key: \"literal:k\" } }", "must be a URL")]
    [InlineData("{ mode: crowdsec, crowdsec: { url: \"http://127.0.0.1:8080/v1\", key: \"literal:k\" } }", "say http://127.0.0.1:8080")]
    [InlineData("{ compatibility_log: stdout }", "there is one owner")]
    [InlineData("{ mode: crowdsec, compatibility_log: stdout, crowdsec: { " + Engine
        + ", machine: a, password: \"literal:p\" } }", "leave one of them out")]
    [InlineData("{ nftables: { table: \"a-b\" } }", "letters, digits and _")]
    [InlineData("{ bouncers: [\"literal:short\"] }", "too short")]
    [InlineData("{ bouncers: [\"literal:0123456789abcdef\"] }", "nowhere to ask")]
    public void What_does_not_fit_says_what_to_do(string guard, string says)
    {
        var load = SettingsText.Parse(SettingsText.Good + $"guard: {guard}\n");
        Assert.Contains(load.Problems, p => p.ToString().Contains(says, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ mode: crowdsec, crowdsec: { " + Engine + " } }")]
    [InlineData("{ mode: crowdsec, crowdsec: { " + Engine + ", machine: aviso, password: \"literal:p\", every: 30s } }")]
    [InlineData("{ mode: none, compatibility_log: mail.log }")]
    [InlineData("{ mode: crowdsec, compatibility_log: stdout, crowdsec: { " + Engine + " } }")]
    [InlineData("{ nftables: { } }")]
    public void What_fits_is_taken(string guard) => Assert.Empty(SettingsText.Parse(SettingsText.Good + $"guard: {guard}\n").Problems);
}
