using System.Collections.Concurrent;
using System.Globalization;
using Aviso.Store.Sqlite;
using Aviso.Store.Views;

namespace Aviso.Store;

/// <summary>Views of large mailboxes are kept on disk over a restart.</summary>
public sealed partial class SqliteMailStore
{
    private readonly ConcurrentDictionary<long, long> _keptViews = new();
    private readonly ViewFiles _viewFiles;

    /// <summary>Writes the views in memory that are not on disk as they are now. At a stop and with each upkeep.</summary>
    internal async Task KeepViewsAsync()
    {
        foreach (var view in _views.Present())
        {
            var mailbox = view.Mailbox.Value;
            if (!ViewFiles.IsKept(view.Count) || _keptViews.GetValueOrDefault(mailbox) == view.HighestModSeq || _gate.IsSealed) continue;
            try
            {
                var crc = _viewFiles.Write(view);
                // The file counts when the database says so: one that a copy of the database left behind never does.
                await ChangeAsync(batch => batch.Db.Use(Statements.SetMeta).Add(ViewName(mailbox)).Add(crc).RunCounting(), static _ => 0, counts: false);
                _keptViews[mailbox] = view.HighestModSeq;
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                _log.GarbageLeft(_viewFiles.PathOf(mailbox), failed.Message);
            }
        }
    }

    /// <summary>Files of mailboxes that are gone go too.</summary>
    private async Task RemoveViewFilesAsync(CancellationToken cancel)
    {
        foreach (var mailbox in _viewFiles.List().ToArray())
        {
            if (await _reads.ReadAsync(db => db.Use(Statements.HasMailbox).Add(mailbox).Number() is not null, cancel)) continue;
            _viewFiles.Remove(mailbox);
            await ChangeAsync(batch => batch.Db.Use(Statements.RemoveMeta).Add(ViewName(mailbox)).RunCounting(), static _ => 0, counts: false);
        }
    }

    private ViewChunk[]? StoredChunks(Connection db, long mailbox, uint uidValidity, long highestModSeq, int count)
    {
        if (!ViewFiles.IsKept(count) || db.Use(Statements.GetMeta).Add(ViewName(mailbox)).Number() is not { } crc) return null;
        var chunks = _viewFiles.Read(mailbox, (uint)crc, uidValidity, highestModSeq, count);
        if (chunks is not null)
        {
            _keptViews[mailbox] = highestModSeq;
            StoreMeters.ViewsFromDisk.Add(1);
        }
        return chunks;
    }

    private static string ViewName(long mailbox) => "view:" + mailbox.ToString(CultureInfo.InvariantCulture);
}
