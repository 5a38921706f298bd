using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Backup;

/// <summary>Copies to a bucket of a real S3 server: Debian's OpenStack Swift with its s3api, which judges our signatures, on free ports of
/// this
/// machine.</summary>
public sealed class SwiftTests
{
    private static readonly Dictionary<string, string> Secrets = new()
    {
        ["BACKUP_KEY"] = new('3', 64),
        ["AWS_ACCESS_KEY_ID"] = "test:tester",
        ["AWS_SECRET_ACCESS_KEY"] = "testing",
    };

    [Fact]
    public async Task Copies_go_to_a_bucket_and_come_back()
    {
        await using var swift = await Swift.StartAsync();
        var place = $"s3+http://127.0.0.1:{swift.Port}/{Swift.Bucket}/aviso";
        await using var server = await AvisoServer.StartAsync(
            $"backup: {{ targets: [ {{ name: off, s3: \"{place}\", access_key: env:AWS_ACCESS_KEY_ID, secret_key: "
                + $"env:AWS_SECRET_ACCESS_KEY }} ], "
            + "key: env:BACKUP_KEY, every: 1h }", environment: Secrets);
        using (var smtp = new SmtpLineClient(server.Port("smtp")))
            for (var i = 0; i < 20; i++) smtp.Deliver("s@sender.test", ["alice@example.test"],
                $"Subject: n{i}\r\n\r\n{new string('x', 70)}\r\n");
        foreach (var verb in (string[])["create", "verify", "drill", "list"])
            (await Tool.RunAsync(AvisoServer.Executable, ["backup", verb, "--config", server.SettingsFile],
                environment: Secrets)).MustSucceed();
        await server.KillAsync();
        var restored = await Tool.RunAsync(AvisoServer.Executable,
            ["backup", "restore", "--yes", "--from", place, "--into", Path.Combine(swift.Folder, "restored")], environment: Secrets);
        Assert.Contains("20 messages", restored.MustSucceed().Output, StringComparison.Ordinal);
        var wrong = await Tool.RunAsync(AvisoServer.Executable, ["backup", "list", "--from", place],
            environment: new Dictionary<string, string>(Secrets) { ["AWS_SECRET_ACCESS_KEY"] = "another" });
        Assert.Equal(3, wrong.ExitCode);
        Assert.Contains("SignatureDoesNotMatch", wrong.Error, StringComparison.Ordinal);
    }

    /// <summary>Its four servers.</summary>
    private sealed class Swift : IAsyncDisposable
    {
        public const string Bucket = "backups";

        private const string MakeBucket = """
            import datetime, hashlib, hmac, sys, urllib.request
            host, bucket = sys.argv[1:]
            time = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
            empty = hashlib.sha256(b"").hexdigest()
            fields = {"host": host, "x-amz-content-sha256": empty, "x-amz-date": time}
            names = ";".join(sorted(fields))
            request = "\n".join(["PUT", "/" + bucket, "", "".join(f"{n}:{fields[n]}\n" for n in sorted(fields)), names, empty])
            scope = f"{time[:8]}/us-east-1/s3/aws4_request"
            text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()])
            key = b"AWS4testing"
            for part in scope.split("/"): key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            fields["Authorization"] = (f"AWS4-HMAC-SHA256 Credential=test:tester/{scope}, SignedHeaders={names}, "
                + "Signature=" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest())
            assert urllib.request.urlopen(urllib.request.Request(f"http://{host}/{bucket}", method="PUT", headers=fields)).status == 200
            """;

        private readonly List<Process> _running = [];

        public string Folder { get; } = Directory.CreateTempSubdirectory("aviso-swift-").FullName;

        public int Port { get; } = FreePort();

        public static async Task<Swift> StartAsync()
        {
            var proxy = Tool.Find("swift-proxy-server", "swift-proxy");
            var swift = new Swift();
            Directory.CreateDirectory(Path.Combine(swift.Folder, "disks", "one"));
            await swift.WriteAsync("swift.conf", "[swift-hash]\nswift_hash_path_suffix = x\nswift_hash_path_prefix = y\n"
                + "[storage-policy:0]\nname = gold\ndefault = yes\n");
            foreach (var kind in (string[])["account", "container", "object"]) await swift.StartAsync(kind);
            await swift.WriteAsync("proxy.conf", $"""
                {swift.Common(swift.Port)}
                [pipeline:main]
                pipeline = catch_errors cache s3api tempauth bulk slo proxy-server
                [app:proxy-server]
                use = egg:swift#proxy
                account_autocreate = true
                [filter:tempauth]
                use = egg:swift#tempauth
                user_test_tester = testing .admin
                [filter:s3api]
                use = egg:swift#s3api
                [filter:bulk]
                use = egg:swift#bulk
                [filter:slo]
                use = egg:swift#slo
                [filter:cache]
                use = egg:swift#memcache
                memcache_servers = 127.0.0.1:1
                [filter:catch_errors]
                use = egg:swift#catch_errors
                """);
            swift.Run(proxy, "proxy.conf");
            await Patience.UntilAsync(() => Answers(swift.Port), "Swift listens", seconds: 60);
            // Made by another program, whose signature is its own.
            (await Tool.RunAsync(Tool.Find("python3", "python3"), ["-c", MakeBucket, $"127.0.0.1:{swift.Port}", Bucket])).MustSucceed();
            return swift;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var process in _running)
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync();
                process.Dispose();
            }
            Directory.Delete(Folder, recursive: true);
        }

        private async Task StartAsync(string kind)
        {
            var (port, ring) = (FreePort(), Tool.Find("swift-ring-builder", "swift-proxy"));
            foreach (var args in (string[][])[["create", "4", "1", "1"], ["add", $"r1z1-127.0.0.1:{port}/one", "1"], ["rebalance"]])
                Assert.InRange((await Tool.RunAsync(ring, [$"{kind}.builder", .. args], folder: Folder)).ExitCode, 0, 1);
            await WriteAsync($"{kind}.conf", $"{Common(port)}\ndevices = {Folder}/disks\nmount_check = false\ndisable_fallocate = true\n"
                + $"[pipeline:main]\npipeline = {kind}-server\n[app:{kind}-server]\nuse = egg:swift#{kind}\n");
            Run(Tool.Find($"swift-{kind}-server", $"swift-{kind}"), $"{kind}.conf");
            await Patience.UntilAsync(() => Answers(port), $"Swift's {kind} server listens", seconds: 60);
        }

        private string Common(int port) =>
            $"[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nworkers = 0\nuser = {Environment.UserName}\nswift_dir = {Folder}";

        private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(Folder, name), text + "\n");

        private void Run(string program, string settings) =>
            _running.Add(Process.Start(new ProcessStartInfo(program, [Path.Combine(Folder, settings)])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!);

        private static bool Answers(int port)
        {
            try
            {
                using var client = new TcpClient("127.0.0.1", port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }

        private static int FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
