using Xunit;

namespace Aviso.Tests.System.Moving;

/// <summary>A docker-mailserver moves in as a whole: people log in with the passwords they have, and mail finds them.</summary>
public sealed class MailserverTests
{
    [Fact]
    public async Task Accounts_aliases_passwords_scripts_and_keys_come_along()
    {
        var root = Directory.CreateTempSubdirectory("aviso-dms-").FullName;
        var config = Directory.CreateDirectory(Path.Combine(root, "config")).FullName;
        using var alice = new DovecotHome(Path.Combine(root, "mail-data", "moved.test", "alice"));
        await alice.OpenWayAsync(root);
        await MoveInTests.FillAsync(alice);
        Directory.CreateDirectory(Path.Combine(alice.Mail, "home", "sieve"));
        await File.WriteAllTextAsync(Path.Combine(alice.Mail, "home", "sieve", "rules.sieve"),
            "require \"fileinto\";\nif header :contains \"subject\" \"plan\" { fileinto \"Archive/2024\"; }\n");
        File.CreateSymbolicLink(Path.Combine(alice.Mail, "home", ".dovecot.sieve"), "sieve/rules.sieve");
        var hashes = new Dictionary<string, string>();
        foreach (var (user, scheme) in new[] { ("alice", "SHA512-CRYPT"), ("bob", "SSHA512"), ("carol", "BLF-CRYPT"),
            ("dave", "CRAM-MD5") })
            hashes[user] = (await Tool.RunAsync(Tool.Find("doveadm", "dovecot-core"), ["pw", "-s", scheme, "-p", $"secret of {user}"]))
                .MustSucceed().Output.Trim();
        await File.WriteAllTextAsync(Path.Combine(config, "postfix-accounts.cf"),
            string.Concat(hashes.Select(hash => $"{hash.Key}@moved.test|{hash.Value}\n")));
        await File.WriteAllTextAsync(Path.Combine(config, "postfix-virtual.cf"),
            "info@moved.test alice@moved.test,bob@moved.test\n@moved.test carol@moved.test\n");
        await File.WriteAllTextAsync(Path.Combine(config, "postfix-regexp.cf"), "/^shop-.*@moved\\.test$/ bob@moved.test\n");
        await File.WriteAllTextAsync(Path.Combine(config, "dovecot-quotas.cf"), "alice@moved.test:5G\n");
        await File.WriteAllTextAsync(Path.Combine(config, "user-patches.sh"), "postconf -e 'smtpd_banner = hello'\n");
        var keys = Directory.CreateDirectory(Path.Combine(config, "opendkim", "keys", "moved.test")).FullName;
        (await Tool.RunAsync(Tool.Find("openssl", "openssl"), ["genrsa", "-traditional", "-out", Path.Combine(keys, "mail.private"),
            "2048"])).MustSucceed();

        await using var server = await AvisoServer.StartAsync(listeners: "smtp imap managesieve metrics",
            extra: "dns: { resolvers: [\"127.0.0.1:9\"] }");
        var plan = (await server.VerbAsync("import", "plan", "docker-mailserver", root)).MustSucceed().Output;
        Assert.Contains("user-patches.sh:1", plan, StringComparison.Ordinal);
        Assert.Contains("{CRAM-MD5}", plan, StringComparison.Ordinal);
        Assert.Contains("mail._domainkey.moved.test", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("moved.test", (await server.VerbAsync("account", "list")).Output, StringComparison.Ordinal);

        var run = await server.VerbAsync("import", "run", "docker-mailserver", root);
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        ImapSight.AssertSame(await alice.MailboxesAsync(), await alice.MessagesAsync(), await ImapSight.LookAsync(server,
            "alice@moved.test", "secret of alice"));
        foreach (var user in new[] { "bob", "carol" }) await ImapSight.LookAsync(server, $"{user}@moved.test", $"secret of {user}");
        // Once more: now by what the first login made of the hash.
        await ImapSight.LookAsync(server, "bob@moved.test", "secret of bob");
        Assert.Contains("rules", (await server.VerbAsync("sieve", "list", "--account", "alice@moved.test")).Output,
            StringComparison.Ordinal);
        Assert.Contains("5368709120", (await server.VerbAsync("account", "list")).Output, StringComparison.Ordinal);
        Assert.Contains("mail", (await server.VerbAsync("dkim", "list")).Output, StringComparison.Ordinal);

        foreach (var to in new[] { "info", "anybody", "shop-7" })
            (await Tool.RunAsync(Tool.Find("swaks", "swaks"), ["--server", $"127.0.0.1:{server.Port("smtp")}", "--to", $"{to}@moved.test",
                "--from", "x@elsewhere.test", "--header", $"Subject: to {to}"])).MustSucceed();
        Assert.Equal(2, await CountAsync(server, "bob"));
        Assert.Equal(1, await CountAsync(server, "carol"));

        (await server.VerbAsync("import", "run", "docker-mailserver", root)).MustSucceed();
        (await server.VerbAsync("import", "verify", "docker-mailserver", root)).MustSucceed();
        Assert.Equal(0, (await server.VerbAsync("store", "check", "--bodies")).ExitCode);
        Directory.Delete(root, recursive: true);
    }

    private static async Task<int> CountAsync(AvisoServer server, string user) =>
        (await ImapSight.LookAsync(server, $"{user}@moved.test", $"secret of {user}")).Messages.Count;
}
