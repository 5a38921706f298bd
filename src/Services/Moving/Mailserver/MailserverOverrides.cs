namespace Aviso.Moving;

/// <summary>What somebody changed in docker-mailserver beyond accounts: read line by line and explained, never carried by guess.</summary>
internal static class MailserverOverrides
{
    // Settings of Postfix that people change most, and what stands in their place here.
    private static readonly Dictionary<string, string> Postfix = new(StringComparer.Ordinal)
    {
        ["message_size_limit"] = "say `limits: { message_size: ... }`",
        ["mailbox_size_limit"] = "quotas are of accounts: `quota` of an account",
        ["relayhost"] = "say `relays` and `routes`",
        ["smtp_sasl_password_maps"] = "say `relays` with user and password",
        ["smtp_tls_security_level"] = "say `tls` of a relay; DANE and MTA-STS are kept without a setting",
        ["smtpd_tls_cert_file"] = "say `tls`",
        ["smtpd_tls_key_file"] = "say `tls`",
        ["myhostname"] = "say `hostname`",
        ["mydomain"] = "say `domains`",
        ["mydestination"] = "say `domains`",
        ["mynetworks"] = "say `networks: { internal: [...] }`",
        ["postscreen_upstream_proxy_protocol"] = "say `networks: { proxies: [...] }`",
        ["smtpd_upstream_proxy_protocol"] = "say `networks: { proxies: [...] }`",
        ["postscreen_dnsbl_sites"] = "say `spam: { lists: [...] }`",
        ["smtpd_client_connection_rate_limit"] = "say `limits: { connections: ... }`",
        ["smtpd_client_message_rate_limit"] = "say `limits: { messages: ... }`",
        ["recipient_delimiter"] = "`+` is the delimiter here, always",
        ["maximal_queue_lifetime"] = "mail is tried for five days here",
    };

    private static readonly (string File, string Text)[] Whole =
    [
        ("user-patches.sh", "is a program that changes the container at each start; its lines follow, for a person to judge"),
        ("postfix-master.cf", "changes services of Postfix; listeners are `listeners` here"),
        ("dovecot.cf", "changes Dovecot; there is no Dovecot here"),
        ("dovecot-masters.cf", "names master users, who may open everybody's mail: there are none here"),
        ("postfix-aliases.cf",
            "are aliases of the machine's own users (root and the like): there are none here; the postmaster is `postmaster`"),
        ("postfix-receive-access.cf", "refuses mail for these accounts; here an account that is suspended has its mail deferred"),
        ("postfix-relaymap.cf", "sends mail of domains by relays: say `relays` and `routes`"),
        ("postfix-sasl-password.cf", "holds passwords of relays: say `relays`, with the password as env:, file: or vault:"),
        ("fetchmail.cf", "fetches mail from elsewhere, which nothing does here"),
        ("ldap-users.cf", "asks a directory for accounts, which is not done here"),
        ("spamassassin-rules.cf", "are rules of SpamAssassin; the filter here has its own, see docs/spam.md"),
        ("whitelist_clients.local", "are clients that greylisting passed over"),
        ("before.dovecot.sieve", "runs before everybody's script: name it under `sieve: { before: [...] }`"),
        ("after.dovecot.sieve", "runs after everybody's script: name it under `sieve: { after: [...] }`"),
        ("rspamd/custom-commands.conf", "changes Rspamd; the filter here has its own settings, see docs/spam.md"),
    ];

    private const int MostLines = 40;

    public static void Explain(string config, List<MoveNote> notes)
    {
        foreach (var line in ConfigLines.Read(config, "postfix-main.cf", continues: true))
        {
            var name = line.Text.Split('=')[0].Trim();
            notes.Add(Postfix.TryGetValue(name, out var here)
                ? new(NoteKind.Changed, line.Place, $"{Shown(line.Text)}: {here}")
                    : new(NoteKind.Lost, line.Place, $"{Shown(line.Text)}: there is nothing like it here"));
        }
        foreach (var line in ConfigLines.Read(config, "postfix-send-access.cf"))
            notes.Add(new(NoteKind.Lost, line.Place,
                $"{line.Text.Split([' ', '\t'])[0]} may not send: here who may log in may send. Suspend the account, or give it no "
                    + $"password"));
        foreach (var (file, text) in Whole) Explain(config, file, text, notes);
        foreach (var folder in (string[])["postgrey", "ssl"])
            if (Directory.Exists(Path.Combine(config, folder))) notes.Add(new(NoteKind.Changed, Path.Combine(config, folder),
                folder == "ssl" ? "holds certificates: say `tls`" : "belongs to greylisting, which remembers anew"));
    }

    private static void Explain(string config, string file, string text, List<MoveNote> notes)
    {
        var lines = ConfigLines.Read(config, file);
        if (lines.Count == 0) return;
        var kind = text.Contains("say `", StringComparison.Ordinal) || text.Contains("name it", StringComparison.Ordinal)
            ? NoteKind.Changed : NoteKind.Lost;
        notes.Add(new(kind, lines[0].File, text));
        var isSecret = file is "postfix-sasl-password.cf" or "dovecot-masters.cf" or "fetchmail.cf";
        if (isSecret || file.EndsWith(".sieve", StringComparison.Ordinal)) return;
        foreach (var line in lines.Take(MostLines)) notes.Add(new(kind, line.Place, Shown(line.Text)));
        if (lines.Count > MostLines) notes.Add(new(kind, lines[0].File, $"and {lines.Count - MostLines} lines more"));
    }

    private static string Shown(string text) => text.Length <= 160 ? text : text[..157] + "...";
}
