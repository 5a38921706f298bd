using System.Globalization;
using System.Text;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>An account as mbox files, one a mailbox. A line on top of each message says flags, keywords and time; taken in again it
/// goes.</summary>
internal sealed class MboxExport(MoveTarget target, AccountId account, ExportResult result)
{
    public async Task WriteAsync(string root, CancellationToken cancel)
    {
        Directory.CreateDirectory(root);
        foreach (var mailbox in await target.Store.ListMailboxesAsync(account, cancel))
        {
            if (await target.Store.ViewAsync(account, mailbox.Id, cancel) is not { } view) continue;
            var path = Path.Combine(root, ExportNames.Path(mailbox.Name) + ".mbox");
            if (!ExportNames.Fits(path))
            {
                result.Notes.Add(ExportNames.TooLong(mailbox.Name));
                continue;
            }
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
            for (var i = 0; i < view.Count; i++)
            {
                cancel.ThrowIfCancellationRequested();
                using var body = await StoredText.OpenAsync(target.Store, account, mailbox, view[i], result.Notes, cancel);
                if (body is not null) Write(file, view, view[i], body);
            }
            result.Mailboxes++;
        }
    }

    private void Write(FileStream file, MailboxView view, Entry entry, StoredBody body)
    {
        file.Write(Encoding.ASCII.GetBytes(FromLine.Write(entry.InternalDate) + "\n"));
        file.Write(Encoding.ASCII.GetBytes(MboxMarks.Write(entry.InternalDate, entry.Flags.System, ExportNames.Keywords(view, entry))
            + "\n"));
        if (StoredText.IsLines(body) && !BeginsAsOurs(body)) Lines(file, body);
        else
        {
            file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{MboxFile.RawField}{body.Length}\n")));
            StoredText.Copy(body, file);
        }
        file.Write("\n"u8);
        result.Messages++;
        result.Octets += body.Length;
    }

    // Such a line on top would be taken for one of the export's own, and go.
    private static bool BeginsAsOurs(StoredBody body)
    {
        Span<byte> first = stackalloc byte[16];
        return MboxFile.IsOurs(first[..Math.Max(0, body.Read(0, first))]);
    }

    private static void Lines(FileStream file, StoredBody body)
    {
        using var octets = new StoredStream(body);
        using var lines = new LineScan(octets);
        var isBegin = true;
        while (lines.Next(out var line))
        {
            // A line that is longer than what is read at once comes in pieces: only its first can be a "From ".
            if (isBegin && line.Text.TrimStart((byte)'>').StartsWith("From "u8)) file.Write(">"u8);
            file.Write(line.HasEnd ? line.Text[..^1] : line.Text);
            if (line.HasEnd) file.Write("\n"u8);
            isBegin = line.HasEnd;
        }
    }
}
