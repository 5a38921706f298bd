using System.Globalization;
using System.IO.Compression;
using System.Text;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>An account as one zip: a file a message, octet for octet, and `index.tsv` with flags, keywords and times.</summary>
internal sealed class EmlExport(MoveTarget target, AccountId account, ExportResult result)
{
    public async Task WriteAsync(string path, CancellationToken cancel)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
        using var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true);
        var index = new StringBuilder();
        foreach (var mailbox in await target.Store.ListMailboxesAsync(account, cancel))
        {
            if (await target.Store.ViewAsync(account, mailbox.Id, cancel) is not { } view) continue;
            for (var i = 0; i < view.Count; i++)
            {
                cancel.ThrowIfCancellationRequested();
                using var body = await StoredText.OpenAsync(target.Store, account, mailbox, view[i], result.Notes, cancel);
                if (body is null) continue;
                var name = string.Create(CultureInfo.InvariantCulture, $"{ExportNames.Path(mailbox.Name)}/{view[i].Uid:d10}.eml");
                using (var entry = zip.CreateEntry(name, CompressionLevel.Fastest).Open()) StoredText.Copy(body, entry);
                index.Append(EmlMarks.Write(name, view[i].InternalDate, view[i].Flags.System, ExportNames.Keywords(view, view[i])));
                result.Messages++;
                result.Octets += body.Length;
            }
            result.Mailboxes++;
        }
        using var marks = zip.CreateEntry(EmlMarks.FileName).Open();
        marks.Write(Encoding.UTF8.GetBytes(index.ToString()));
    }
}
