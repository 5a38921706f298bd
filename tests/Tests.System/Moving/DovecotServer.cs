using Aviso.Tests.System.Peers;
using Xunit;

namespace Aviso.Tests.System.Moving;

/// <summary>A Dovecot that serves the mail of a <see cref="DovecotHome"/> by IMAP, on two ports of loopback: TLS from the beginning, and
/// STARTTLS.</summary>
internal sealed class DovecotServer : IAsyncDisposable
{
    public const string User = "alice", Password = "old secret 1", Master = "root*", MasterPassword = "master secret 1";

    private readonly PeerFolder _folder = new("dovecot-imap");
    private PeerProcess? _process;

    public int TlsPort { get; } = FreePort.Next();

    public int Port { get; } = FreePort.Next();

    /// <summary>The authority that its certificate ends in.</summary>
    public string Ca => _folder.Path("cert.pem");

    public string Log => File.Exists(_folder.Path("log")) ? File.ReadAllText(_folder.Path("log")) : "";

    /// <param name="spaces">More lines for `namespace inbox`.</param>
    /// <param name="ssl">yes, no or required.</param>
    public static async Task<DovecotServer> StartAsync(DovecotHome home, string spaces = "", string ssl = "yes", string layout = "")
    {
        Tool.Find("dovecot", "dovecot-core");
        if (!Environment.IsPrivilegedProcess) Assert.Skip("Dovecot changes its user, which only root may");
        var server = new DovecotServer();
        await home.GiveAsync();
        var root = server._folder.Root;
        (await Tool.RunAsync(Tool.Find("openssl", "openssl"), ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "30", "-subj", "/CN=old.example.test", "-addext", "subjectAltName=DNS:old.example.test,IP:127.0.0.1",
            "-keyout", server._folder.Path("key.pem"), "-out", server.Ca])).MustSucceed();
        await File.WriteAllTextAsync(server._folder.Path("users"), $"{User}:{{PLAIN}}{Password}\n");
        await File.WriteAllTextAsync(server._folder.Path("masters"), $"root:{{PLAIN}}{MasterPassword}\n");
        await File.WriteAllTextAsync(server._folder.Path("dovecot.conf"), $$"""
            base_dir = {{root}}/run
            state_dir = {{root}}/lib
            log_path = {{root}}/log
            protocols = imap
            listen = 127.0.0.1
            ssl = {{ssl}}
            ssl_cert = <{{root}}/cert.pem
            ssl_key = <{{root}}/key.pem
            disable_plaintext_auth = no
            auth_mechanisms = plain login
            auth_failure_delay = 0
            auth_master_user_separator = *
            mail_location = maildir:{{home.Mail}}{{layout}}
            mail_max_userip_connections = 100
            first_valid_uid = 1
            passdb {
              driver = passwd-file
              args = {{root}}/masters
              master = yes
            }
            passdb {
              driver = passwd-file
              args = {{root}}/users
            }
            userdb {
              driver = static
              args = uid=nobody gid=nogroup home={{home.Mail}}
            }
            service imap-login {
              inet_listener imap {
                port = {{server.Port}}
              }
              inet_listener imaps {
                port = {{(ssl == "no" ? 0 : server.TlsPort)}}
                ssl = yes
              }
            }
            namespace inbox {
              inbox = yes
              {{spaces.Replace("\n", "\n  ", StringComparison.Ordinal)}}
            }

            """);
        server._process = PeerProcess.Start(Tool.Find("dovecot", "dovecot-core"), ["-F", "-c", server._folder.Path("dovecot.conf")], root);
        await server._process.ReadyAsync(() => Answers(server.Port), "dovecot", () => server.Log);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static bool Answers(int port)
    {
        try
        {
            using var client = new global::System.Net.Sockets.TcpClient("127.0.0.1", port);
            return true;
        }
        catch (global::System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
