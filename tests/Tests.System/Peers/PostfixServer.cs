using System.Text;
using Xunit;

namespace Aviso.Tests.System.Peers;

/// <summary>
/// A Postfix of its own: settings, queue and log in a temporary folder, nothing of /etc changed. Its master is started directly,
/// in a session of its own, so that SIGTERM to it ends its children and nobody else's. Needs root, as Postfix does.
/// </summary>
internal sealed class PostfixServer : IAsyncDisposable
{
    private const string Daemons = "/usr/lib/postfix/sbin";

    private readonly PeerFolder _folder = new("postfix");
    private readonly string _address;
    private PeerProcess? _process;

    private PostfixServer(int port, string address = "127.0.0.1") => (Port, _address) = (port, address);

    /// <summary>Where smtpd listens; 0 when this one only sends.</summary>
    public int Port { get; }

    public string Log => File.Exists(_folder.Path("log/postfix.log")) ? File.ReadAllText(_folder.Path("log/postfix.log")) : "";

    /// <summary>Sends all mail to a port of 127.0.0.1, with STARTTLS where it is offered.</summary>
    public static async Task<PostfixServer> StartSenderAsync(int nextHop)
    {
        var postfix = new PostfixServer(0);
        await postfix.ConfigureAsync($"""
            myhostname = upstream.sender.test
            relayhost = [127.0.0.1]:{nextHop}
            smtp_tls_security_level = may
            smtp_tls_loglevel = 1

            """, "");
        await postfix.StartAgainAsync();
        return postfix;
    }

    /// <summary>
    /// A smarthost: takes mail only under TLS and after a login that <paramref name="auth"/> knows, and hands it on to
    /// <paramref name="nextHop"/>. It refuses mail to refused@ any domain with 550 and to later@ any domain with 450.
    /// </summary>
    public static async Task<PostfixServer> StartRelayAsync(
        int nextHop, DovecotAuth auth, (string Certificate, string Key) tls, int port = 0)
    {
        var postfix = new PostfixServer(port == 0 ? FreePort.Next() : port);
        await postfix.ConfigureAsync($$"""
            myhostname = relay.example.net
            relayhost = [127.0.0.1]:{{nextHop}}
            mynetworks =
            smtpd_tls_security_level = encrypt
            smtpd_tls_cert_file = {{tls.Certificate}}
            smtpd_tls_key_file = {{tls.Key}}
            smtpd_tls_loglevel = 1
            smtpd_sasl_auth_enable = yes
            smtpd_sasl_type = dovecot
            smtpd_sasl_path = {{auth.Socket}}
            smtpd_sasl_security_options = noanonymous
            smtpd_recipient_restrictions =
              check_recipient_access inline:{ {refused@ = 550 5.1.1 no such person here}, {later@ = 450 4.2.0 come again later} }
              permit_sasl_authenticated, reject
            smtpd_relay_restrictions = permit_sasl_authenticated, reject

            """, $"127.0.0.1:{postfix.Port} inet n - n - - smtpd\n");
        await postfix.StartAgainAsync();
        return postfix;
    }

    /// <summary>
    /// The MX of any domain, on port 25 of a loopback address: offers STARTTLS with this certificate (none: no STARTTLS) and hands all on
    /// to <paramref name="nextHop"/>.
    /// </summary>
    public static async Task<PostfixServer> StartMxAsync(string address, int nextHop, (string Certificate, string Key)? tls)
    {
        var postfix = new PostfixServer(25, address);
        await postfix.ConfigureAsync($"""
            myhostname = mx.example.net
            relayhost = [127.0.0.1]:{nextHop}
            mynetworks =
            relay_domains = static:all
            smtpd_relay_restrictions = permit_auth_destination, reject
            smtpd_tls_security_level = {(tls is null ? "none" : "may")}
            {(tls is null ? "" : $"smtpd_tls_cert_file = {tls.Value.Certificate}\nsmtpd_tls_key_file = {tls.Value.Key}")}
            smtpd_tls_loglevel = 1
            smtpd_tls_received_header = yes

            """, $"{address}:25 inet n - n - - smtpd\n");
        await postfix.StartAgainAsync();
        return postfix;
    }

    /// <summary>Starts the same instance (again).</summary>
    public async Task StartAgainAsync()
    {
        File.Delete(_folder.Path("spool/pid/master.pid"));
        _process = PeerProcess.Start("setsid", [$"{Daemons}/master", "-c", _folder.Root, "-d"], _folder.Root);
        await _process.ReadyAsync(
            () => File.Exists(_folder.Path("spool/public/pickup")) && (Port == 0 || FreePort.Answers(Port, _address)), "postfix", () =>
                Log);
    }

    public async Task StopAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>sendmail: the octets as they are, line ends LF.</summary>
    public async Task InjectAsync(string from, string to, string file) =>
        (await Tool.RunAsync("bash", ["-c", """exec sendmail -C "$0" -i -f "$1" -- "$2" < "$3" """, _folder.Root, from, to, file]))
            .MustSucceed();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private async Task ConfigureAsync(string settings, string services)
    {
        Tool.Find("postfix", "postfix");
        if (Environment.UserName != "root") Assert.Skip("Postfix needs root to start");
        var root = _folder.Root;
        await File.WriteAllTextAsync(_folder.Path("main.cf"), $"""
            compatibility_level = 3.6
            queue_directory = {root}/spool
            data_directory = {root}/lib
            command_directory = /usr/sbin
            daemon_directory = {Daemons}
            maillog_file = {root}/log/postfix.log
            maillog_file_prefixes = {root}
            mydestination =
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            alias_maps =
            alias_database =
            local_recipient_maps =
            message_size_limit = 104857600
            mailbox_size_limit = 0
            minimal_backoff_time = 5s
            queue_run_delay = 5s
            smtp_host_lookup = native
            smtpd_peername_lookup = no

            {settings}
            """);
        var queues = new StringBuilder();
        foreach (var (name, command) in new[]
        {
            ("rewrite", "trivial-rewrite"), ("bounce", "bounce"), ("defer", "bounce"), ("trace", "bounce"),
            ("proxymap", "proxymap"), ("smtp", "smtp"), ("relay", "smtp"), ("error", "error"), ("retry", "error"),
        })
            queues.Append($"{name} unix - - n - - {command}\n");
        await File.WriteAllTextAsync(_folder.Path("master.cf"), $"""
            {services}
            pickup unix n - n 1 1 pickup
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            anvil unix - - n - 1 anvil
            scache unix - - n - 1 scache
            verify unix - - n - 1 verify
            tlsmgr unix - - n 1000? 1 tlsmgr
            flush unix n - n 1000? 0 flush
            showq unix n - n - - showq
            postlog unix-dgram n - n - 1 postlogd
            {queues}
            """);
        // What `postfix check` would make, without the seconds its shell script takes.
        (await Tool.RunAsync("bash", ["-ec", """
            mkdir -p spool/pid spool/maildrop spool/public lib log
            cd spool; mkdir -p active bounce corrupt defer deferred flush hold incoming private saved trace
            chmod 700 active bounce corrupt defer deferred flush hold incoming private saved trace
            chown postfix active bounce corrupt defer deferred flush hold incoming private saved trace ../lib
            chown postfix:postdrop maildrop public; chmod 730 maildrop; chmod 710 public
            """], folder: root)).MustSucceed();
    }
}
