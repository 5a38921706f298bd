using Xunit;

namespace Aviso.Tests.System.Clients;

/// <summary>sieve-connect, a ManageSieve client of its own: STARTTLS, SASL, and every command about scripts.</summary>
public sealed class SieveConnectTests : IAsyncLifetime
{
    private AvisoServer _server = null!;
    private string _program = null!;

    public async ValueTask InitializeAsync()
    {
        _program = Tool.Find("sieve-connect", "sieve-connect");
        _server = await AvisoServer.StartAsync(listeners: "smtp imap managesieve");
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    [Fact]
    public async Task Scripts_are_put_listed_activated_fetched_and_deleted_under_tls()
    {
        var local = Path.Combine(_server.Folder, "rules.sieve");
        await File.WriteAllTextAsync(local, "require [\"fileinto\"];\nif header :contains \"subject\" \"x\" { fileinto \"Lists\"; }\n",
            TestContext.Current.CancellationToken);
        (await RunAsync("--upload", "--localsieve", local, "--remotesieve", "rules")).MustSucceed();
        (await RunAsync("--activate", "--remotesieve", "rules")).MustSucceed();
        var list = (await RunAsync("--list")).MustSucceed();
        Assert.Contains("rules", list.Output, StringComparison.Ordinal);
        Assert.Contains("ACTIVE", list.Output.ToUpperInvariant(), StringComparison.Ordinal);
        var back = Path.Combine(_server.Folder, "back.sieve");
        (await RunAsync("--download", "--remotesieve", "rules", "--localsieve", back)).MustSucceed();
        Assert.Equal(await File.ReadAllTextAsync(local, TestContext.Current.CancellationToken),
            await File.ReadAllTextAsync(back, TestContext.Current.CancellationToken));
        Assert.NotEqual(0, (await RunAsync("--delete", "--remotesieve", "rules")).ExitCode);
        (await RunAsync("--deactivate")).MustSucceed();
        (await RunAsync("--delete", "--remotesieve", "rules")).MustSucceed();
    }

    [Fact]
    public async Task A_script_that_is_wrong_is_refused_with_its_line()
    {
        var local = Path.Combine(_server.Folder, "wrong.sieve");
        await File.WriteAllTextAsync(local, "keep;\nif if;\n", TestContext.Current.CancellationToken);
        var result = await RunAsync("--upload", "--localsieve", local, "--remotesieve", "wrong");
        Assert.Contains("line 2", result.Output + result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", (await RunAsync("--list")).MustSucceed().Output, StringComparison.Ordinal);
    }

    private async Task<ToolResult> RunAsync(params string[] args)
    {
        var password = Path.Combine(_server.Folder, "password");
        await File.WriteAllTextAsync(password, AvisoServer.Password + "\n", TestContext.Current.CancellationToken);
        return await Tool.RunAsync("/bin/sh",
        [
            "-c", "exec 4<\"$1\"; shift; exec \"$@\"", "sh", password, _program, "--server", "127.0.0.1", "--port",
                $"{_server.Port("managesieve")}",
            "--user", "alice@example.test", "--passwordfd", "4", "--notlsverify", "--nosslverify", .. args,
        ]);
    }
}

/// <summary>The verbs about Sieve against a running server.</summary>
public sealed class SieveVerbTests : IAsyncLifetime
{
    private AvisoServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await AvisoServer.StartAsync(listeners: "smtp imap");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_script_is_tried_on_stored_mail_put_and_listed()
    {
        using (var imap = new ImapLineClient(_server.Port("imap"), "alice@example.test", AvisoServer.Password))
        {
            imap.Ok("CREATE Lists");
        }
        foreach (var subject in new[] { "list news", "other" })
        {
            (await Tool.RunAsync(Tool.Find("swaks", "swaks"),
                ["--server", "127.0.0.1", "--port", $"{_server.Port("smtp")}", "--from", "bob@sender.test", "--to", "alice@example.test",
                    "--header", "Subject: " + subject])).MustSucceed();
        }
        var script = Path.Combine(_server.Folder, "rules.sieve");
        await File.WriteAllTextAsync(script, "require \"fileinto\"; if header :contains \"subject\" \"list\" { fileinto \"Lists\"; }\n",
            TestContext.Current.CancellationToken);
        var tried = (await _server.VerbAsync("sieve", "test", script, "--account", "alice@example.test")).MustSucceed();
        Assert.Contains("of 2 messages in INBOX this script would have moved 1", tried.Output, StringComparison.Ordinal);
        Assert.Contains("list news", tried.Output, StringComparison.Ordinal);
        (await _server.VerbAsync("sieve", "put", script, "--account", "alice@example.test", "--activate")).MustSucceed();
        Assert.Contains("rules", (await _server.VerbAsync("sieve", "list", "--account", "alice@example.test")).MustSucceed().Output,
            StringComparison.Ordinal);
        Assert.Contains("fileinto", (await _server.VerbAsync(
            "sieve", "show", "rules", "--account", "alice@example.test")).MustSucceed().Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await _server.VerbAsync("sieve", "delete", "rules", "--account", "alice@example.test")).ExitCode);
        (await _server.VerbAsync("sieve", "activate", "--none", "--account", "alice@example.test")).MustSucceed();
        (await _server.VerbAsync("sieve", "delete", "rules", "--account", "alice@example.test")).MustSucceed();
    }
}
