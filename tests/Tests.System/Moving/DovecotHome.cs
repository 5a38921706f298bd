using System.Globalization;
using System.Text.Json;

namespace Aviso.Tests.System.Moving;

/// <summary>A message as `doveadm fetch` tells it.</summary>
/// <param name="Flags">System flags and keywords, without \Recent.</param>
public sealed record DovecotMessage(string Mailbox, uint Uid, IReadOnlySet<string> Flags, long Received, long Size, string Text);

/// <summary>A mailbox as `doveadm mailbox status` tells it.</summary>
public sealed record DovecotMailbox(string Name, uint UidValidity, uint UidNext, int Messages);

/// <summary>
/// The mail of one account of a Dovecot, used by doveadm alone: no server of it runs. doveadm refuses mail of root, so the mail belongs to
/// nobody when the tests are root's.
/// </summary>
public sealed class DovecotHome : IDisposable
{
    private readonly string _doveadm = Tool.Find("doveadm", "dovecot-core");
    private readonly bool _ownsFolder;

    /// <param name="root">Where the Maildir is or will be; null: in a folder of its own.</param>
    /// <param name="layout">Such as ":LAYOUT=fs".</param>
    /// <param name="settings">More lines of dovecot.conf.</param>
    public DovecotHome(string? root = null, string layout = "", string settings = "")
    {
        _ownsFolder = root is null;
        Folder = Directory.CreateTempSubdirectory("aviso-dovecot-").FullName;
        Mail = root ?? Path.Combine(Folder, "mail");
        Directory.CreateDirectory(Mail);
        File.WriteAllText(Conf, $$"""
            base_dir = {{Folder}}/run
            log_path = /dev/stderr
            mail_location = maildir:{{Mail}}{{layout}}
            mail_uid = {{(Environment.IsPrivilegedProcess ? "nobody" : Environment.UserName)}}
            mail_gid = {{(Environment.IsPrivilegedProcess ? "nogroup" : Environment.UserName)}}
            first_valid_uid = 1
            namespace inbox {
              inbox = yes
            }

            """ + settings);
    }

    public string Folder { get; }

    public string Mail { get; }

    private string Conf => Path.Combine(Folder, "dovecot.conf");

    public async Task<string> RunAsync(string? input, params string[] args)
    {
        await GiveAsync();
        var environment = new Dictionary<string, string> { ["HOME"] = Mail, ["USER"] = "nobody" };
        return (await Tool.RunAsync(_doveadm, ["-c", Conf, .. args], input, seconds: 120, environment: environment)).MustSucceed().Output;
    }

    public Task SaveAsync(string mailbox, string text) => RunAsync(text, "save", "-m", mailbox);

    public Task DoAsync(params string[] args) => RunAsync(null, args);

    public async Task<IReadOnlyList<DovecotMailbox>> MailboxesAsync()
    {
        var json = await RunAsync(null, "-f", "json", "mailbox", "status", "uidvalidity uidnext messages", "*");
        return [.. JsonDocument.Parse(json).RootElement.EnumerateArray().Select(row => new DovecotMailbox(
            row.GetProperty("mailbox").GetString()!, Number(row, "uidvalidity"), Number(row, "uidnext"), (int)Number(row, "messages")))
            .OrderBy(box => box.Name, StringComparer.Ordinal)];
    }

    public async Task<IReadOnlyList<DovecotMessage>> MessagesAsync()
    {
        var json = await RunAsync(null, "-f", "json", "fetch", "mailbox uid flags date.received.unixtime size.virtual text", "mailbox",
            "*", "all");
        return [.. JsonDocument.Parse(json).RootElement.EnumerateArray().Select(row => new DovecotMessage(
            row.GetProperty("mailbox").GetString()!, Number(row, "uid"),
            row.GetProperty("flags").GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(flag => flag != "\\Recent")
                .ToHashSet(StringComparer.Ordinal),
            long.Parse(row.GetProperty("date.received.unixtime").GetString()!, CultureInfo.InvariantCulture), Number(row, "size.virtual"),
            Wire(row.GetProperty("text").GetString()!)))
            .OrderBy(message => message.Mailbox, StringComparer.Ordinal).ThenBy(message => message.Uid)];
    }

    public async Task<IReadOnlyList<string>> SubscriptionsAsync() =>
        [.. (await RunAsync(null, "mailbox", "list", "-s")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Order(StringComparer.Ordinal)];

    /// <summary>Files that the test made belong to whom doveadm is.</summary>
    public async Task GiveAsync()
    {
        if (Environment.IsPrivilegedProcess) (await Tool.RunAsync("chown", ["-R", "nobody:nogroup", Folder, Mail])).MustSucceed();
    }

    /// <summary>doveadm's user may walk through this folder, which was its owner's alone.</summary>
    public async Task OpenWayAsync(string folder)
    {
        if (Environment.IsPrivilegedProcess) (await Tool.RunAsync("chmod", ["711", folder])).MustSucceed();
    }

    public void Dispose()
    {
        if (_ownsFolder || !Mail.StartsWith(Folder, StringComparison.Ordinal)) Directory.Delete(Folder, recursive: true);
    }

    // Only LF: a CR that stands alone is the message's.
    private static string Wire(string text) =>
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal);

    private static uint Number(JsonElement row, string name) => uint.Parse(row.GetProperty(name).GetString()!,
        CultureInfo.InvariantCulture);
}
