using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Aviso.Tests.System.Clients;
using Xunit;

namespace Aviso.Tests.System.Backup;

/// <summary>Copies by SFTP to Debian's OpenSSH, on a free port of this machine.</summary>
public sealed class SftpTests
{
    private static readonly Dictionary<string, string> WithKey = new() { ["BACKUP_KEY"] = new('7', 64) };

    [Fact]
    public async Task Copies_go_to_an_OpenSSH_server_and_come_back()
    {
        var sshd = Tool.Find("sshd", "openssh-server");
        if (Environment.UserName == "root") Directory.CreateDirectory("/run/sshd");
        var folder = Directory.CreateTempSubdirectory("aviso-sftp-").FullName;
        var place = Directory.CreateDirectory(Path.Combine(folder, "copies")).FullName;
        foreach (var name in (string[])["host", "user"])
            (await Tool.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(folder, name)])).MustSucceed();
        File.Copy(Path.Combine(folder, "user.pub"), Path.Combine(folder, "authorized"));
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(folder, "sshd.conf"), $"""
            ListenAddress 127.0.0.1:{port}
            HostKey {folder}/host
            PidFile none
            AuthorizedKeysFile {folder}/authorized
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin yes
            Subsystem sftp internal-sftp

            """);
        using var running = Process.Start(new ProcessStartInfo(sshd,
            ["-D", "-e", "-f", Path.Combine(folder, "sshd.conf")])
        { RedirectStandardError = true })!;
        try
        {
            await Patience.UntilAsync(() => running.HasExited || Answers(port), "sshd listens");
            Assert.False(running.HasExited, running.HasExited ? await running.StandardError.ReadToEndAsync() : "");
            var print = (await Tool.RunAsync("ssh-keygen", ["-lf", Path.Combine(folder, "host.pub")])).MustSucceed().Output.Split(' ')[1];
            var target = $"{{ name: nas, sftp: \"sftp://{Environment.UserName}@127.0.0.1:{port}/{place}\", identity: "
                + $"\"file:{folder}/user\", host_key: \"{print}\" }}";
            await using var server = await AvisoServer.StartAsync($"backup: {{ targets: [ {target} ], key: env:BACKUP_KEY, every: 1h }}",
                environment: WithKey);
            using (var smtp = new SmtpLineClient(server.Port("smtp")))
                for (var i = 0; i < 3; i++) smtp.Deliver("s@sender.test", ["alice@example.test"],
                    $"Subject: n{i}\r\n\r\n{new string('x', 70)}\r\n");
            (await VerbAsync(server, "create")).MustSucceed();
            (await VerbAsync(server, "verify")).MustSucceed();
            (await VerbAsync(server, "drill")).MustSucceed();
            await server.KillAsync();
            var into = Path.Combine(folder, "restored");
            var restored = await Tool.RunAsync(AvisoServer.Executable, ["backup", "restore", "--yes", "--into", into, "--from",
                $"sftp://{Environment.UserName}@127.0.0.1:{port}/{place}", "--identity", Path.Combine(folder, "user"), "--host-key",
                    print], environment: WithKey);
            Assert.Contains("3 messages", restored.MustSucceed().Output, StringComparison.Ordinal);
            // Another host that answers at the address is refused.
            var other = await Tool.RunAsync(AvisoServer.Executable,
                ["backup", "list", "--from", $"sftp://{Environment.UserName}@127.0.0.1:{port}/{place}",
                "--identity", Path.Combine(folder, "user"), "--host-key", "SHA256:" + new string('A', 43)], environment: WithKey);
            Assert.Equal(3, other.ExitCode);
        }
        finally
        {
            if (!running.HasExited) running.Kill(entireProcessTree: true);
            await running.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task<ToolResult> VerbAsync(AvisoServer server, string verb) =>
        Tool.RunAsync(AvisoServer.Executable, ["backup", verb, "--config", server.SettingsFile], environment: WithKey);

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
