using System.Text.Json;
using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>App passwords with real clients: swaks, Python's imaplib and a client that speaks SCRAM.</summary>
public sealed class LoginTests : IAsyncLifetime
{
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_scanner_sends_as_itself_and_does_nothing_else()
    {
        var password = await AddAsync("scanner", "--protocol", "submission", "--send-as", "alice+scan@example.test");
        (await Swaks("alice+scan@example.test", password)).MustSucceed();
        Assert.Contains("<~* 553 5.7.1 The app password is not for sending as alice@example.test",
            (await Swaks("alice@example.test", password)).Output, StringComparison.Ordinal);
        Assert.Contains("NO [AUTHENTICATIONFAILED] This app password is not for this protocol", await ImapAsync(password, "login"),
            StringComparison.Ordinal);
        var noted = (await _server.VerbAsync("check")).MustSucceed().Output;
        Assert.Contains("note: app password scanner of alice@example.test is tried and refused since", noted, StringComparison.Ordinal);
        var listed = await ListAsync();
        Assert.Contains("submission", listed.GetProperty("last_used_from").GetString(), StringComparison.Ordinal);
        Assert.Equal("This app password is not for this protocol", listed.GetProperty("failing_because").GetString());
    }

    [Fact]
    public async Task A_read_only_password_reads_with_imaplib_and_changes_nothing()
    {
        (await Swaks("alice@example.test", AvisoServer.Password)).MustSucceed();
        var password = await AddAsync("archiver", "--read-only");
        Assert.Equal("fine", (await ImapAsync(password, "read-only")).Trim());
    }

    [Fact]
    public async Task One_password_for_one_network_is_of_no_use_elsewhere()
    {
        Assert.Contains("NO [AUTHENTICATIONFAILED] This app password is not for the network",
            await ImapAsync(await AddAsync("office", "--network", "192.0.2.0/24"), "login"), StringComparison.Ordinal);
        Assert.Equal("fine", (await ImapAsync(await AddAsync("here", "--network", "127.0.0.0/8"), "login")).Trim());
    }

    [Fact]
    public async Task A_whole_session_with_scram_by_app_password()
    {
        var password = await AddAsync("laptop");
        var script = await Tool.RunAsync(Tool.Find("python3", "python3"),
            [Path.Combine(AppContext.BaseDirectory, "Clients", "imap_session.py"), $"{_server.Port("imap")}", "alice@example.test",
                password]);
        Assert.Equal("fine", script.MustSucceed().Output.Trim());
    }

    [Fact]
    public async Task A_revoked_password_stops_at_once_and_is_shown_while_it_is_tried()
    {
        var password = await AddAsync("phone");
        Assert.Equal("fine", (await ImapAsync(password, "login")).Trim());
        (await _server.VerbAsync("app-password", "revoke", "alice@example.test", "phone")).MustSucceed();
        Assert.Contains("NO [EXPIRED] This app password was revoked", await ImapAsync(password, "login"), StringComparison.Ordinal);
        await _server.StopAsync();
        await _server.StartAgainAsync();
        var listed = await ListAsync();
        Assert.Equal("revoked", listed.GetProperty("state").GetString());
        Assert.NotEqual(JsonValueKind.Null, listed.GetProperty("failing_since").ValueKind);
        Assert.DoesNotContain(password, _server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_second_factor_mail_programs_need_an_app_password()
    {
        var made = JsonDocument.Parse(
            (await _server.VerbAsync("account", "totp", "alice@example.test", "enable", "--json")).MustSucceed().Output).RootElement;
        Assert.Equal("fine", (await ImapAsync(AvisoServer.Password, "login")).Trim());
        Assert.Equal(1, (await _server.VerbAsync("account", "totp", "alice@example.test", "enable", "--code", "abcdef")).ExitCode);
        // Python computes the code from what was shown, as an app does.
        var script = $"import hmac,base64,struct,time;m=hmac.new(base64.b32decode('{made.GetProperty("secret").GetString()}'),struct.pack('>Q',int(time.time())//30),'sha1').digest();"
            + "o=m[19]&15;print('%06d'%((struct.unpack('>I',m[o:o+4])[0]&0x7fffffff)%1000000))";
        var code = (await Tool.RunAsync(Tool.Find("python3", "python3"), ["-c", script])).MustSucceed().Output.Trim();
        (await _server.VerbAsync("account", "totp", "alice@example.test", "enable", "--code", code)).MustSucceed();
        Assert.Contains("NO [AUTHENTICATIONFAILED] This account logs in in two steps", await ImapAsync(AvisoServer.Password, "login"),
            StringComparison.Ordinal);
        Assert.Contains("534 5.7.9 This account logs in in two steps", (await Swaks("alice@example.test", AvisoServer.Password)).Output,
            StringComparison.Ordinal);
        Assert.Contains("NO [AUTHENTICATIONFAILED] User or password is wrong", await ImapAsync("guess", "login"), StringComparison.Ordinal);
        var password = await AddAsync("phone");
        Assert.Equal("fine", (await ImapAsync(password, "login")).Trim());
        (await Swaks("alice@example.test", password)).MustSucceed();
        (await _server.VerbAsync("account", "totp", "alice@example.test", "disable")).MustSucceed();
        Assert.Equal("fine", (await ImapAsync(AvisoServer.Password, "login")).Trim());
    }

    [Fact]
    public async Task The_second_factor_is_shown_as_a_picture()
    {
        var shown = (await _server.VerbAsync("account", "totp", "bob@example.test", "enable")).MustSucceed().Output;
        Assert.Contains("▀", shown, StringComparison.Ordinal);
        Assert.Contains("otpauth://totp/mail.example.test:bob%40example.test?secret=", shown, StringComparison.Ordinal);
        Assert.Contains("waiting", (await _server.VerbAsync("account", "totp", "bob@example.test", "status")).MustSucceed().Output,
            StringComparison.Ordinal);
        Assert.Equal(2, (await _server.VerbAsync("account", "totp", "bob@example.test", "status", "--code", "1")).ExitCode);
    }

    private async Task<string> AddAsync(string name, params string[] limits)
    {
        var made = (await _server.VerbAsync(["app-password", "add", "alice@example.test", "--name", name, "--json", .. limits]))
            .MustSucceed();
        return JsonDocument.Parse(made.Output).RootElement.GetProperty("password").GetString()!;
    }

    private async Task<JsonElement> ListAsync() =>
        JsonDocument.Parse((await _server.VerbAsync("app-password", "list", "alice@example.test", "--json")).MustSucceed().Output)
            .RootElement[0];

    private async Task<string> ImapAsync(string password, string what)
    {
        var script = await Tool.RunAsync(Tool.Find("python3", "python3"),
            [Path.Combine(AppContext.BaseDirectory, "Clients", "logins.py"), $"{_server.Port("imap")}", "alice@example.test", password,
                what]);
        return script.Output + script.Error;
    }

    private Task<ToolResult> Swaks(string from, string password) => Tool.RunAsync(Tool.Find("swaks", "swaks"),
        ["--server", "127.0.0.1", "--port", $"{_server.Port("submission")}", "-tls", "--from", from, "--header", $"From: {from}", "--to",
            "alice@example.test",
            "--auth", "PLAIN", "--auth-user", "alice@example.test", "--auth-password", password]);
}
