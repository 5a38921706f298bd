using Aviso.Settings;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>Which URL of JMAP's session IMAP tells (RFC 9698): only one that this server speaks https at.</summary>
public sealed class JmapSessionTests
{
    private const string Session = "/jmap/session";

    [Theory]
    [InlineData("- { kind: imaps, address: \"[::]:993\" }", null)]
    [InlineData("- { kind: http, address: \"[::]:80\" }", null)]
    [InlineData("- { kind: https, address: \"[::]:0\" }", null)]
    [InlineData("- { kind: https, address: \"[::]:443\" }", "https://mail.example.org")]
    [InlineData("- { kind: https, address: \"[::]:8443\" }", "https://mail.example.org:8443")]
    [InlineData("- { kind: https, address: 127.0.0.1:2443 }", "https://mail.example.org:2443")]
    [InlineData("- { kind: https, address: 127.0.0.1:2443 }\n  - { kind: https, address: \"[::]:443\" }", "https://mail.example.org")]
    public void It_is_where_https_is_listened_on(string listeners, string? origin)
    {
        var text = SettingsText.Good.Replace("- { kind: smtp, address: \"[::]:25\" }", listeners, StringComparison.Ordinal)
            + "tls: { self_signed: true }\n";
        var load = SettingsText.Parse(text);
        Assert.True(load.Settings is not null, string.Join('\n', load.Problems));
        Assert.Equal(origin is null ? null : origin + Session, LimitsMapping.Imap(load.Settings).JmapSession);
    }
}
