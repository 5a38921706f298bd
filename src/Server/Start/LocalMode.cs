using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.Net;
using Aviso.Settings;

namespace Aviso.Server;

/// <summary>
/// <c>serve --local</c>: settings that need nothing from the machine. They are ordinary settings text, read by the ordinary
/// reader, so that local mode has no path of its own.
/// </summary>
internal sealed record LocalMode(string Folder, int PortOffset, bool FreePorts)
{
    public const string Domain = "example.test";
    public const string PasswordFile = "passwords.json";
    public const string SettingsName = "aviso.yaml";

    private static readonly string[] Names = ["alice", "bob", "outside"];

    private static readonly (ListenerKind Kind, int Port)[] Ports =
    [
        (ListenerKind.Smtp, 2525), (ListenerKind.Submission, 2587), (ListenerKind.Submissions, 2465), (ListenerKind.Imap, 2143),
        (ListenerKind.Imaps, 2993), (ListenerKind.Pop3s, 2995), (ListenerKind.ManageSieve, 4190), (ListenerKind.Http, 2080),
        (ListenerKind.Metrics, 9166),
    ];

    /// <summary>Makes the folder (0700) and the passwords (0600) on the first start, and reads the settings.</summary>
    public SettingsLoad Load()
    {
        var folder = Path.GetFullPath(Folder);
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(
            folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        MakePasswords(folder);
        var text = Text();
        // For the verbs, which find the server by its settings.
        File.WriteAllText(
            Path.Combine(folder, SettingsName), "# Written by `aviso serve --local` at each start: changes here have no effect.\n" + text);
        var load = SettingsFile.Parse(text, "local mode", folder);
        return load with { Files = [] };
    }

    /// <summary>Address and password of the three accounts.</summary>
    public IReadOnlyDictionary<string, string> Passwords() =>
        JsonSerializer.Deserialize(
            File.ReadAllText(Path.Combine(Path.GetFullPath(Folder), PasswordFile)), StartJson.Default.DictionaryStringString)!;

    internal string Text()
    {
        var text = new StringBuilder($"""
            hostname: mail.{Domain}
            data: .
            postmaster: alice@{Domain}
            tls: {"{"} self_signed: true {"}"}
            domains: [ {"{"} name: {Domain} {"}"} ]
            accounts_from: file:{PasswordFile}
            networks: {"{"} internal: [127.0.0.0/8, "::1"] {"}"}
            outbound: {"{"} capture: outside@{Domain} {"}"}
            listeners:

            """.ReplaceLineEndings("\n"));
        foreach (var (kind, port) in Ports)
            text.Append($"  - {{ kind: {kind.ToString().ToLowerInvariant()}, address: \"127.0.0.1:{(FreePorts ? 0 : port + PortOffset)}\" }}\n");
        return text.ToString();
    }

    private static void MakePasswords(string folder)
    {
        var path = Path.Combine(folder, PasswordFile);
        if (File.Exists(path)) return;
        var passwords =
            Names.ToDictionary(n => $"{n}@{Domain}", _ => RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 16));
        var fresh = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(fresh, options))
        {
            JsonSerializer.Serialize(stream, passwords, StartJson.Default.DictionaryStringString);
            stream.Flush(flushToDisk: true);
        }
        File.Move(fresh, path);
    }

    /// <summary>What to try next, with the real ports and passwords.</summary>
    public string WhatNext(IReadOnlyList<BoundListener> bound)
    {
        var folder = Path.GetFullPath(Folder);
        var text = new StringBuilder("\nAccounts:\n");
        var passwords = Passwords();
        foreach (var (address, password) in passwords) text.Append($"  {address,-24} {password}\n");
        text.Append("  Mail to any other domain is not sent: it lands in outside@example.test.\n\nTry next:\n");
        var alice = passwords.GetValueOrDefault($"alice@{Domain}", "");
        if (Port(ListenerKind.Http) is { } http) text.Append($"  in a browser: http://localhost:{http}/ (the webmail, as alice@{Domain})\n");
        if (Port(ListenerKind.Smtp) is { } smtp)
            text.Append($"  swaks --server 127.0.0.1:{smtp} --to alice@{Domain} --from you@elsewhere.test --header 'Subject: hello'\n");
        if (Port(ListenerKind.Submission) is { } submission)
            text.Append($"  swaks --server 127.0.0.1:{submission} -tls --auth PLAIN --auth-user alice@{Domain} --auth-password {alice} --from alice@{Domain} --to bob@{Domain}\n");
        if (Port(ListenerKind.Imaps) is { } imaps)
        {
            text.Append($"  curl --cacert {folder}/tls/ca.pem --user 'alice@{Domain}:{alice}' --url 'imaps://localhost:{imaps}/INBOX' --request 'FETCH 1:* (FLAGS ENVELOPE)'\n");
            text.Append($"  openssl s_client -quiet -CAfile {folder}/tls/ca.pem -connect 127.0.0.1:{imaps}\n");
        }
        if (Port(ListenerKind.Metrics) is { } metrics) text.Append($"  curl http://127.0.0.1:{metrics}/healthz/ready\n");
        var verb = $"{Environment.ProcessPath} --config {folder}/{SettingsName}";
        text.Append($"  {verb} spam explain message.eml\n");
        text.Append($"  {verb} sieve put rules.sieve --account alice@{Domain} --activate\n");
        return text.ToString();

        int? Port(ListenerKind kind) => bound.FirstOrDefault(b => b.Kind == kind)?.Address.Port;
    }
}

/// <summary>Small files that a start writes: passwords of local mode, ports.</summary>
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, int>))]
internal sealed partial class StartJson : JsonSerializerContext;
