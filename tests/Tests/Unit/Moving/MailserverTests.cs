using Aviso.Moving;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>A docker-mailserver's settings as people write them.</summary>
public sealed class MailserverTests
{
    [Theory]
    [InlineData(@"/^sales-.*@example\.org$/", "sales-*@example.org", false)]
    [InlineData("/^test[0-9][0-9]*@example.org/", "test*@example.org", true)]
    [InlineData(@"/^(info|contact)@example\.org$/", "info@example.org contact@example.org", false)]
    [InlineData(@"/^.*@old\.example\.org$/", "*@old.example.org", false)]
    [InlineData(@"/@old\.example\.org$/i", "*@old.example.org", false)]
    [InlineData(@"/^[a-z]+\.shop@example\.org$/", "*.shop@example.org", true)]
    [InlineData(@"/^a.*b.*@example\.org$/", "", true)]
    [InlineData(@"/^x(y+)@example\.org$/", "", true)]
    [InlineData(@"/^a@.*$/", "", true)]
    [InlineData(@"/^(?!root).*@example\.org$/", "", true)]
    [InlineData("no expression", "", true)]
    [InlineData("/^/", "", true)]
    public void Expressions_become_patterns_only_where_they_mean_the_same(string expression, string patterns, bool isNoted)
    {
        Assert.Equal(patterns, string.Join(' ', RegexpAlias.Patterns(expression, out var note)));
        Assert.Equal(isNoted, note is not null);
    }

    [Theory]
    [InlineData("5G", 5L << 30)]
    [InlineData("500M", 500L << 20)]
    [InlineData("10kB", 10L << 10)]
    [InlineData("0", 0L)]
    [InlineData("9999999999T", null)]
    [InlineData("much", null)]
    [InlineData("", null)]
    public void Quotas_are_in_units_of_1024(string text, long? octets) => Assert.Equal(octets, MailserverReader.Size(text));

    [Fact]
    public void Keys_of_rspamd_are_found_by_domain()
    {
        var keys = MailserverKeys.RspamdKeys("""
            enabled = true;
            # path = "/nowhere";
            domain {
                example.org {
                    path = "/tmp/docker-mailserver/rspamd/dkim/rsa-2048-mail-example.org.private.txt";
                    selector = "mail";
                }
                example.com { selectors [
                    { path: "/x"; selector: "a"; },
                    { path = "/tmp/b.private.txt"; selector = "b"; } ] }
            }
            """);
        Assert.Equal([("example.org", "/tmp/docker-mailserver/rspamd/dkim/rsa-2048-mail-example.org.private.txt", "mail"),
            ("example.com", "/tmp/b.private.txt", "b")], keys);
    }

    [Fact]
    public void A_folder_of_settings_is_read_and_what_cannot_be_carried_has_its_line()
    {
        var root = Directory.CreateTempSubdirectory("aviso-dms-").FullName;
        var config = Directory.CreateDirectory(Path.Combine(root, "config")).FullName;
        Directory.CreateDirectory(Path.Combine(root, "mail-data", "example.org", "alice", "cur"));
        Directory.CreateDirectory(Path.Combine(root, "mail-data", "example.org", "ghost", "cur"));
        File.WriteAllText(Path.Combine(config, "postfix-accounts.cf"),
            "# comment\nAlice@example.org|{SHA512-CRYPT}$6$abc$def\nbob@example.org|{FOO}xyz\nno "
                + "line\nalice@example.org|{SHA512-CRYPT}$6$again$x\n");
        File.WriteAllText(Path.Combine(config, "postfix-virtual.cf"),
            "info@example.org alice@example.org,\n  bob@example.org\n@example.org alice@example.org\nbob@example.org "
                + "alice@example.org\nbad |/bin/sh\n");
        File.WriteAllText(Path.Combine(config, "postfix-regexp.cf"), "/^s-.*@example\\.org$/ alice@example.org\n/(x/ bob@example.org\n");
        File.WriteAllText(Path.Combine(config, "dovecot-quotas.cf"), "alice@example.org:5G\nnobody\n");
        File.WriteAllText(Path.Combine(config, "postfix-main.cf"), "message_size_limit = 1000\nweird_thing = yes\n");
        File.WriteAllText(Path.Combine(config, "user-patches.sh"), "#!/bin/bash\npostconf -e 'x = y'\n");
        File.WriteAllText(Path.Combine(config, "postfix-send-access.cf"), "bob@example.org REJECT\n");

        var set = MailserverReader.Read(new("docker-mailserver", root, null));

        Assert.Equal(["alice@example.org True 5368709120 True", "bob@example.org False 0 False"],
            set.Accounts.Select(account => $"{account.Address} {account.HasUsableHash} {account.QuotaOctets} {account.Mail is not null}"));
        Assert.Equal(["info@example.org > alice@example.org bob@example.org", "@example.org > alice@example.org",
            "s-*@example.org > alice@example.org"],
            set.Aliases.Select(alias => $"{alias.Address} > {string.Join(' ', alias.To)}"));
        foreach (var (place, text) in new[]
        {
            ("postfix-accounts.cf:3", "{FOO}"), ("postfix-accounts.cf:4", "is no line"), ("postfix-accounts.cf:5", "twice"),
                ("postfix-virtual.cf:4", "--forward-to"),
            ("postfix-virtual.cf:5", "bad"), ("postfix-regexp.cf:2", "more than a pattern"), ("dovecot-quotas.cf:2", "ADDRESS:SIZE"),
                ("postfix-main.cf:1", "message_size"),
            ("postfix-main.cf:2", "nothing like it"), ("user-patches.sh:2", "postconf"), ("postfix-send-access.cf:1", "may not send"),
                ("ghost", "mail of nobody"),
        })
        {
            Assert.Contains(set.Notes, note => note.Place.EndsWith(place, StringComparison.Ordinal)
                && note.Text.Contains(text, StringComparison.Ordinal));
        }
        Directory.Delete(root, recursive: true);
    }
}
