using Aviso.Base;
using Aviso.Store;
using Aviso.Store.Copying;
using Aviso.Store.Restoring;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Backup;

/// <summary>What comes back into the running store.</summary>
/// <param name="Account">Its address.</param>
/// <param name="Folder">Only this mailbox and those below it; null: all of the account.</param>
/// <param name="Message">Only this email (its id); null: all.</param>
/// <param name="To">The moment; null: the newest.</param>
public sealed record PartWishes(string Account, string? Folder, string? Message, DateTimeOffset? To);

/// <summary>What became of it.</summary>
/// <param name="At">The last commit of the backup that was read.</param>
/// <param name="There">Messages that are in the store anyway and were left as they are.</param>
/// <param name="Mailboxes">That were made again, with the UIDVALIDITY that they had.</param>
/// <param name="Problems">Messages that could not come back, and why.</param>
public sealed record PartReport(DateTimeOffset? At, int Returned, int There, IReadOnlyList<string> Mailboxes,
    IReadOnlyList<string> Problems);

/// <summary>
/// Brings messages of a backup back into the running store without touching the rest. A message keeps its EMAILID, so that doing it twice
/// changes nothing. In a mailbox that is there it gets a new UID, above all that clients have seen; a mailbox that was deleted comes back
/// with its UIDVALIDITY and UIDs, and goes on above the gap from its first moment on.
/// </summary>
public sealed class PartRestore(ITarget target, BackupKey key, SqliteMailStore running, IMessageReader reader, string scratch,
    TimeProvider clock)
{
    private readonly List<string> _made = [], _problems = [];
    private int _returned, _there;

    /// <exception cref="NoRestoreException">Nothing can be restored.</exception>
    public async Task<PartReport> RunAsync(PartWishes wishes, CancellationToken cancel)
    {
        var account = (await running.ListAccountsAsync(cancel)).FirstOrDefault(a => a.Address == wishes.Account)
            ?? throw new NoRestoreException($"there is no account {wishes.Account} now: make it, then its mail can come back");
        EmailId? email = null;
        if (wishes.Message is { } text) email = IdText.TryParse(text, out var id) ? new EmailId(id)
            : throw new NoRestoreException($"{text} is no id of a message");
        var folder = Path.Combine(scratch, "part-" + Guid.NewGuid().ToString("N"));
        try
        {
            var restorer = new Restorer(target, key);
            var moment = wishes.To is { } to ? new CopyMoment(to.ToUnixTimeMilliseconds()) : CopyMoment.Newest;
            var restored = await restorer.DatabaseAsync(folder, moment, cancel);
            if (!restored.Wanted)
                _problems.Add($"the backup can only be read until {restored.At:u}: {string.Join("; ", restored.Damage.Take(3))}");
            var wants = RestoredStore.Wants(folder, new(wishes.Account, wishes.Folder, email));
            if (wants.Count == 0) throw new NoRestoreException("the backup of that moment has no such message");
            await restorer.BodiesAsync(restored.Chain, folder, wants, cancel);
            await using (var old = await OpenAsync(folder, cancel)) await BringAsync(old, account.Id, wishes, email, cancel);
            return new(restored.At, _returned, _there, _made, _problems);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private async Task BringAsync(SqliteMailStore old, AccountId to, PartWishes wishes, EmailId? email, CancellationToken cancel)
    {
        var from = (await old.ListAccountsAsync(cancel)).First(a => a.Address == wishes.Account).Id;
        // What was only moved since is not lost; who names a mailbox wants it there.
        var anywhere = wishes.Folder is null && email is null ? await AllAsync(to, cancel) : null;
        foreach (var mailbox in (await old.ListMailboxesAsync(from, cancel)).Where(m => IsMeant(m.Name, wishes.Folder)))
        {
            if (await old.ViewAsync(from, mailbox.Id, cancel) is not { } view) continue;
            var wanted = Enumerable.Range(0, view.Count).Select(i => view[i]).Where(e => email is null || e.Email == email).ToList();
            if (email is not null && wanted.Count == 0) continue;
            var there = await running.FindMailboxAsync(to, mailbox.Name, cancel);
            var isNew = there is null;
            there ??= await MakeAsync(to, mailbox, cancel);
            var has = anywhere ?? await IdsAsync(to, there.Id, cancel);
            foreach (var entry in wanted)
            {
                if (has.Contains(entry.Email)) _there++;
                else await ReturnAsync(old, from, to, there, entry, Names(mailbox, entry.Flags.Keywords), isNew ? entry.Uid : 0, cancel);
            }
        }
    }

    private async Task<MailboxInfo> MakeAsync(AccountId to, MailboxInfo mailbox, CancellationToken cancel)
    {
        var made = await running.ReturnMailboxAsync(to,
            new(mailbox.Name, mailbox.SpecialUse, mailbox.UidValidity, mailbox.UidNext + RestoredStore.SafeDistance, mailbox.SortOrder));
        if (!made.Ok) throw new IOException($"the mailbox {mailbox.Name} cannot be made ({made.Error})");
        _made.Add(mailbox.Name);
        return await running.FindMailboxAsync(to, mailbox.Name, cancel)
            ?? throw new IOException($"the mailbox {mailbox.Name} is gone again");
    }

    private async Task ReturnAsync(
        SqliteMailStore old, AccountId from, AccountId to, MailboxInfo mailbox, Entry entry, IReadOnlyList<string> keywords, uint uid,
            CancellationToken cancel)
    {
        try
        {
            using var stored = await old.OpenBodyAsync(from, entry.Email, cancel);
            if (stored is null || stored.Prove() is not null)
            {
                _problems.Add($"{mailbox.Name} UID {entry.Uid}: {entry.Email}: its octets are lost");
                return;
            }
            using var body = running.Spool.Make(spooled => Copy(stored, spooled));
            var returned = await running.ReturnMessageAsync(to, mailbox,
                new(entry.Email, body, reader.Render(body), entry.Flags.System & ~SystemFlags.Deleted, keywords, entry.InternalDate, uid));
            if (!returned.Ok) _problems.Add($"{mailbox.Name} UID {entry.Uid}: {entry.Email}: {returned.Error}");
            else if (returned.Value) _returned++;
            else _there++;
        }
        catch (DamagedBodyException damaged)
        {
            _problems.Add($"{mailbox.Name} UID {entry.Uid}: {entry.Email}: {damaged.Message}");
        }
    }

    private Task<SqliteMailStore> OpenAsync(string folder, CancellationToken cancel) => SqliteMailStore.OpenAsync(new()
    {
        DataFolder = folder,
        Clock = clock,
        Log = NullLogger.Instance,
        Reader = reader,
        CanaryInterval = TimeSpan.Zero,
        UpkeepInterval = TimeSpan.Zero,
        Index = false,
    }, cancel);

    private async Task<HashSet<EmailId>> AllAsync(AccountId account, CancellationToken cancel)
    {
        var all = new HashSet<EmailId>();
        foreach (var mailbox in await running.ListMailboxesAsync(account, cancel)) all.UnionWith(await IdsAsync(account, mailbox.Id,
            cancel));
        return all;
    }

    private async Task<HashSet<EmailId>> IdsAsync(AccountId account, MailboxId mailbox, CancellationToken cancel) =>
        await running.ViewAsync(account, mailbox, cancel) is { } view ? [.. Enumerable.Range(0, view.Count).Select(i => view[i].Email)]
            : [];

    private static bool IsMeant(string name, string? folder) =>
        folder is null || name == folder || name.StartsWith(folder + "/", StringComparison.Ordinal);

    private static List<string> Names(MailboxInfo mailbox, UInt128 mask) =>
        [.. mailbox.Keywords.Where((_, number) => ((mask >> number) & 1) != 0)];

    private static void Copy(StoredBody from, SpooledBody to)
    {
        var piece = new byte[64 * 1024];
        for (long at = 0; from.Read(at, piece) is var read and > 0; at += read) to.Write(piece.AsSpan(0, read));
    }
}
