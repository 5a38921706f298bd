using System.Globalization;
using System.Text;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>
/// An account as a Maildir that Dovecot reads: Maildir++ folders with `dovecot-uidlist`, `dovecot-keywords` and, for keywords beyond 26,
/// `dovecot.index.log`; `subscriptions`; Sieve scripts. Dovecot then shows the same UIDVALIDITY, UIDs, UIDNEXT, flags, keywords and dates.
/// Written into a folder of its own, which is renamed when it is whole.
/// </summary>
internal sealed class MaildirExport(MoveTarget target, AccountId account, ExportResult result)
{
    public async Task WriteAsync(string root, CancellationToken cancel)
    {
        var mailboxes = await target.Store.ListMailboxesAsync(account, cancel);
        Directory.CreateDirectory(root);
        foreach (var mailbox in mailboxes)
        {
            cancel.ThrowIfCancellationRequested();
            if (Folder(root, mailbox.Name) is not { } folder)
            {
                result.Notes.Add(new(NoteKind.Lost, mailbox.Name,
                    "has a `.` in its name, which is what stands between levels in a Maildir++; rename it, or export as mbox"));
                continue;
            }
            if (!ExportNames.Fits(folder))
            {
                result.Notes.Add(ExportNames.TooLong(mailbox.Name));
                continue;
            }
            await MailboxAsync(folder, mailbox, isInbox: mailbox.Name == "INBOX", cancel);
            result.Mailboxes++;
        }
        var names = (await target.Store.ListSubscriptionsAsync(account, cancel)).Select(name => name.Split('/').Select(FolderName.Encode)
            .ToArray())
            .Where(levels => Array.TrueForAll(levels, level => level is not null)).Select(levels => levels.OfType<string>().ToArray());
        await File.WriteAllBytesAsync(Path.Combine(root, "subscriptions"), SubscriptionsFile.Write(names), cancel);
        await ScriptsAsync(root, cancel);
    }

    private static string? Folder(string root, string name)
    {
        if (name == "INBOX") return root;
        var levels = name.Split('/').Select(FolderName.Encode).ToList();
        return levels.Exists(level => level is null) ? null : Path.Combine(root, "." + string.Join('.', levels));
    }

    private async Task MailboxAsync(string folder, MailboxInfo mailbox, bool isInbox, CancellationToken cancel)
    {
        foreach (var sub in (string[])["cur", "new", "tmp"]) Directory.CreateDirectory(Path.Combine(folder, sub));
        if (!isInbox) await File.WriteAllBytesAsync(Path.Combine(folder, "maildirfolder"), [], cancel);
        if (await target.Store.ViewAsync(account, mailbox.Id, cancel) is not { } view) return;
        var words = KeywordOrder(view);
        var list = new StringBuilder();
        for (var i = 0; i < view.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            if (await MessageAsync(folder, mailbox, view, view[i], words, cancel) is { } name) list.Append(CultureInfo.InvariantCulture,
                $"{view[i].Uid} :{name}\n");
        }
        var head = string.Create(CultureInfo.InvariantCulture, $"3 V{view.UidValidity} N{view.UidNext} G{Guid(mailbox)}\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "dovecot-uidlist"), head + list, cancel);
        if (words.Count > 0) await File.WriteAllBytesAsync(Path.Combine(folder, "dovecot-keywords"), KeywordsFile.Write(words), cancel);
        if (words.Count > 26) await File.WriteAllBytesAsync(Path.Combine(folder, "dovecot.index.log"), IndexLogFile.Write(view, words,
            target.Clock), cancel);
    }

    // Those that most messages carry get letters: what only the log tells is lost when somebody removes Dovecot's index files.
    private static List<string> KeywordOrder(MailboxView view)
    {
        var counts = new int[view.Keywords.Count];
        for (var i = 0; i < view.Count; i++)
        {
            var mask = view[i].Flags.Keywords;
            for (var number = 0; mask != 0 && number < counts.Length; number++, mask >>= 1)
                if ((mask & 1) != 0) counts[number]++;
        }
        return [.. Enumerable.Range(0, counts.Length).Where(number => counts[number] > 0).OrderByDescending(number => counts[number])
            .Select(number => view.Keywords[number])];
    }

    private async Task<string?> MessageAsync(
        string folder, MailboxInfo mailbox, MailboxView view, Entry entry, List<string> words, CancellationToken cancel)
    {
        if (await StoredText.OpenAsync(target.Store, account, mailbox, entry, result.Notes, cancel) is not { } body) return null;
        using (body)
        {
            var temporary = Path.Combine(folder, "tmp", string.Create(CultureInfo.InvariantCulture, $"{entry.Uid}.writing"));
            var (size, wire) = Write(body, temporary);
            var name = string.Create(CultureInfo.InvariantCulture,
                $"{entry.InternalDate}.M{entry.Uid}P{mailbox.Id.Value & 0xffff}.aviso,S={size},W={wire}");
            var letters = string.Concat(Enumerable.Range(0, Math.Min(26, words.Count))
                .Where(at => IndexLogFile.Carries(view, entry, words[at])).Select(at => (char)('a' + at)));
            var path = Path.Combine(folder, "cur", $"{name}:2,{MaildirName.LettersOf(entry.Flags.System)}{letters}");
            File.SetLastWriteTimeUtc(temporary, DateTimeOffset.FromUnixTimeSeconds(entry.InternalDate).UtcDateTime);
            File.Move(temporary, path);
            result.Messages++;
            result.Octets += wire;
            return name;
        }
    }

    /// <summary>With LF where every line ends with CRLF, as Dovecot keeps messages; else octet by octet, and both sizes say so.</summary>
    private static (long Size, long Wire) Write(StoredBody body, string path)
    {
        var isPlain = StoredText.HasOnlyCrLf(body);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        var octets = new byte[64 * 1024];
        for (long at = 0; body.Read(at, octets) is > 0 and var read; at += read)
        {
            var rest = octets.AsSpan(0, read);
            if (!isPlain)
            {
                file.Write(rest);
                continue;
            }
            for (int cr; !rest.IsEmpty; rest = rest[(cr + 1)..])
            {
                cr = rest.IndexOf((byte)'\r');
                file.Write(cr < 0 ? rest : rest[..cr]);
                if (cr < 0) break;
            }
        }
        return (file.Length, body.Length);
    }

    private async Task ScriptsAsync(string root, CancellationToken cancel)
    {
        var scripts = await target.Scripts.ReadAsync(account, cancel);
        if (scripts.All.Count == 0) return;
        var folder = Path.Combine(root, "home", "sieve");
        Directory.CreateDirectory(folder);
        foreach (var script in scripts.All)
        {
            if (script.Name.Contains('/', StringComparison.Ordinal))
            {
                result.Notes.Add(new(NoteKind.Lost, script.Name, "a script's name has a `/`, which no file has"));
                continue;
            }
            var path = Path.Combine(folder, script.Name + ".sieve");
            if (!ExportNames.Fits(path))
            {
                result.Notes.Add(ExportNames.TooLong(script.Name));
                continue;
            }
            await File.WriteAllBytesAsync(path, script.Text, cancel);
            if (script.IsActive) File.CreateSymbolicLink(Path.Combine(root, "home", ".dovecot.sieve"), $"sieve/{script.Name}.sieve");
        }
    }

    private static string Guid(MailboxInfo mailbox) => Convert.ToHexStringLower(
        [.. BitConverter.GetBytes(mailbox.Account.Value), .. BitConverter.GetBytes(mailbox.Id.Value)]);
}
