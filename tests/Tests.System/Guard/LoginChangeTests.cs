using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Guard;

/// <summary>A changed password or a closed account ends what is open, everywhere and at once.</summary>
public sealed class LoginChangeTests : IAsyncLifetime
{
    private const string Alice = $"alice@{AvisoServer.Domain}";
    private const string New = "another horse 2";
    private const string Dave = $"dave@{AvisoServer.Domain}";
    private const string Bob = $"bob@{AvisoServer.Domain}";

    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await AvisoServer.StartAsync("", "submission imap managesieve metrics");
        (await _server.VerbAsync("account", "add", Dave, "--password-file", await PasswordFileAsync(AvisoServer.Password))).MustSucceed();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("password")]
    [InlineData("suspended")]
    [InlineData("reload")]
    public async Task Incident_34_a_changed_password_or_a_closed_account_ends_its_sessions_on_every_protocol(string how)
    {
        // What stands in the settings is changed there, what a verb made by a verb.
        var who = how == "reload" ? Alice : Dave;
        using var imap = new ImapLineClient(_server.Port("imap"), who, AvisoServer.Password);
        using var submission = new SmtpLineClient(_server.Port("submission"));
        submission.Login(who, AvisoServer.Password);
        using var sieve = new LineClient(_server.Port("managesieve"));
        Sieve(sieve, who);
        using var other = new ImapLineClient(_server.Port("imap"), Bob, AvisoServer.Password);
        imap.Send("x IDLE\r\n");
        Assert.StartsWith("+", imap.ReadLine(), StringComparison.Ordinal);

        await ChangeAsync(how);
        Assert.DoesNotContain("x OK", imap.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal("", submission.ReadToEnd());
        Assert.Equal("", sieve.ReadToEnd());
        other.Ok("NOOP");
        Assert.True(await _server.MetricAsync("aviso_sessions_dropped_total", "credential-changed") >= 3);

        // The old password is no longer any good, cached proof or not; the new one is, without a restart.
        using (var again = new LineClient(_server.Port("imap")))
        {
            again.ReadLine();
            again.Send($"a LOGIN {who} \"{AvisoServer.Password}\"\r\n");
            Assert.StartsWith("a NO", again.ReadLine(), StringComparison.Ordinal);
        }
        if (how == "suspended") return;
        using var now = new ImapLineClient(_server.Port("imap"), who, New);
        now.Ok("NOOP");
    }

    private async Task ChangeAsync(string how)
    {
        switch (how)
        {
            case "reload":
                var text = await File.ReadAllTextAsync(_server.SettingsFile);
                var line = $"  - {{ address: {Alice}, password: \"literal:{AvisoServer.Password}\" }}\n";
                Assert.Contains(line, text, StringComparison.Ordinal);
                await File.WriteAllTextAsync(_server.SettingsFile,
                    text.Replace(line, line.Replace(AvisoServer.Password, New, StringComparison.Ordinal), StringComparison.Ordinal));
                await _server.SignalAsync("HUP");
                return;
            case "suspended":
                (await _server.VerbAsync("account", "remove", Dave)).MustSucceed();
                return;
            default:
                (await _server.VerbAsync("account", "set", Dave, "--password-file", await PasswordFileAsync(New))).MustSucceed();
                return;
        }
    }

    private async Task<string> PasswordFileAsync(string password)
    {
        var file = Path.Combine(_server.Folder, "password");
        await File.WriteAllTextAsync(file, password);
        return file;
    }

    private static void Sieve(LineClient client, string who)
    {
        while (!client.ReadLine().StartsWith("OK", StringComparison.Ordinal))
        {
        }
        var proof = Convert.ToBase64String(global::System.Text.Encoding.UTF8.GetBytes($"\0{who}\0{AvisoServer.Password}"));
        client.Send($"AUTHENTICATE \"PLAIN\" \"{proof}\"\r\n");
        Assert.StartsWith("OK", client.ReadLine(), StringComparison.Ordinal);
    }
}
