namespace Aviso.Tests.System.Peers;

/// <summary>Dovecot with nothing but its auth service: passwords for a Postfix that asks for them.</summary>
internal sealed class DovecotAuth : IAsyncDisposable
{
    public const string Username = "relayuser";
    public const string Password = "relay secret 1";

    private readonly PeerFolder _folder = new("dovecot");
    private PeerProcess? _process;

    /// <summary>Unix socket for <c>smtpd_sasl_path</c>.</summary>
    public string Socket => _folder.Path("sasl");

    public string Log => File.Exists(_folder.Path("log")) ? File.ReadAllText(_folder.Path("log")) : "";

    public static async Task<DovecotAuth> StartAsync(string mechanisms = "plain login scram-sha-256")
    {
        var auth = new DovecotAuth();
        var root = auth._folder.Root;
        await File.WriteAllTextAsync(auth._folder.Path("users"), $"{Username}:{{PLAIN}}{Password}\n");
        await File.WriteAllTextAsync(auth._folder.Path("dovecot.conf"), $$"""
            base_dir = {{root}}/run
            state_dir = {{root}}/lib
            log_path = {{root}}/log
            protocols =
            ssl = no
            auth_mechanisms = {{mechanisms}}
            auth_failure_delay = 0
            passdb {
              driver = passwd-file
              args = {{root}}/users
            }
            userdb {
              driver = static
              args = uid=nobody gid=nogroup home=/nonexistent
            }
            service auth {
              unix_listener {{root}}/sasl {
                mode = 0666
              }
            }

            """);
        auth._process = PeerProcess.Start(
            Tool.Find("dovecot", "dovecot-core"), ["-F", "-c", auth._folder.Path("dovecot.conf")], root);
        await auth._process.ReadyAsync(() => File.Exists(auth.Socket), "dovecot", () => auth.Log);
        return auth;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }
}
