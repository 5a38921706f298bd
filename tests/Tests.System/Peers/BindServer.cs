namespace Aviso.Tests.System.Peers;

/// <summary>
/// Two BINDs: the primary of example.test, which signs inline and takes updates of _acme-challenge with a TSIG key, and a secondary
/// that hears of them by NOTIFY.
/// </summary>
internal sealed class BindServer : IAsyncDisposable
{
    public const string KeyName = "acme-key";

    private readonly PeerFolder _folder = new("bind");
    private readonly List<PeerProcess> _processes = [];

    /// <summary>base64.</summary>
    public string Secret { get; } = Convert.ToBase64String(global::System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    public int Primary { get; } = FreePort.Next();

    public int Secondary { get; } = FreePort.Next();

    public string Output => string.Join('\n', _processes.Select(p => p.Output));

    /// <param name="algorithm">hmac-sha256 or hmac-sha512.</param>
    /// <param name="records">More lines for the zone file.</param>
    /// <param name="whole">The key may change every name.</param>
    public static async Task<BindServer> StartAsync(string algorithm = "hmac-sha256", string records = "", bool whole = false)
    {
        var grants = whole ? $"grant {KeyName} zonesub ANY;"
            : $"grant {KeyName} subdomain _acme-challenge.example.test. TXT; grant {KeyName} subdomain _acme-challenge.mail.example.test. TXT;";
        var bind = new BindServer();
        var program = Tool.Find("named", "bind9");
        var (primary, secondary) = (bind._folder.Shared("primary"), bind._folder.Shared("secondary"));
        await File.WriteAllTextAsync(Path.Combine(primary, "zone"), $"""
            $TTL 60
            @ SOA ns1.example.test. hostmaster.example.test. 1 3600 600 86400 60
            @ NS ns1.example.test.
            @ NS ns2.example.test.
            ns1 A 127.0.0.1
            ns2 A 127.0.0.1
            mail A 127.0.0.1
            {records}

            """);
        await File.WriteAllTextAsync(Path.Combine(primary, "named.conf"), $$"""
            {{Options(primary, bind.Primary)}}
            key "{{KeyName}}" { algorithm {{algorithm}}; secret "{{bind.Secret}}"; };
            zone "example.test" {
                type primary; file "zone"; dnssec-policy default; inline-signing yes;
                notify explicit; also-notify { 127.0.0.1 port {{bind.Secondary}}; };
                update-policy { {{grants}} };
            };

            """);
        await File.WriteAllTextAsync(Path.Combine(secondary, "named.conf"), $$"""
            {{Options(secondary, bind.Secondary)}}
            zone "example.test" { type secondary; file "zone"; primaries port {{bind.Primary}} { 127.0.0.1; }; };

            """);
        foreach (var folder in new[] { primary, secondary })
            bind._processes.Add(PeerProcess.Start(program, ["-g", "-n", "1", "-c", Path.Combine(folder, "named.conf")], folder));
        await bind._processes[0]
            .ReadyAsync(() => bind.Output.Contains("all zones loaded", StringComparison.Ordinal), "named", () => bind.Output);
        await bind._processes[1].ReadyAsync(() =>
            bind._processes[1].Output.Contains("Transfer status: success", StringComparison.Ordinal), "the secondary", () => bind.Output);
        return bind;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
        _folder.Dispose();
    }

    private static string Options(string folder, int port) => $$"""
        options {
            directory "{{folder}}"; pid-file none; session-keyfile none; managed-keys-directory "{{folder}}"; key-directory "{{folder}}";
            listen-on port {{port}} { 127.0.0.1; }; listen-on-v6 { none; };
            recursion no; allow-query { any; }; allow-transfer { any; }; dnssec-validation no; min-refresh-time 1; min-retry-time 1; notify no; notify-delay 0;
        };
        controls { };
        """;
}
