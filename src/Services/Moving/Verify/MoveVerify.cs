using System.Globalization;
using System.Security.Cryptography;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>One thing that is not the same on both sides.</summary>
/// <param name="Message">Its UID here, or where it is at the source.</param>
/// <param name="What">Which of count, octets, flags, keywords, date or UID, and how.</param>
public sealed record MoveDifference(string Mailbox, string Message, string What);

/// <summary>Both sides of one account compared.</summary>
public sealed class VerifyResult
{
    private const int MostNamed = 1000;

    public required string Account { get; init; }

    public int Mailboxes { get; set; }

    /// <summary>Messages at the source.</summary>
    public long Messages { get; set; }

    public long Octets { get; set; }

    /// <summary>Messages that are here with the same octets, flags, keywords and date.</summary>
    public long Equal { get; set; }

    /// <summary>Of these, those with the UID and UIDVALIDITY that they had.</summary>
    public long SameUid { get; set; }

    /// <summary>Messages here that the source does not have: they came here, or were deleted there since.</summary>
    public long OnlyHere { get; set; }

    /// <summary>SHA-256 over the digests of all messages in their order, each of its octets; of the source and of here.</summary>
    public string DigestThere { get; set; } = "";

    public string DigestHere { get; set; } = "";

    public long DifferencesInAll { get; private set; }

    public List<MoveDifference> Differences { get; } = [];

    public void Differ(string mailbox, string message, string what)
    {
        DifferencesInAll++;
        if (Differences.Count < MostNamed) Differences.Add(new(mailbox, message, what));
    }
}

/// <summary>Compares an account with its source, message by message: it reads every octet of both sides and writes nothing.</summary>
internal sealed class MoveVerify(MoveTarget target, AccountId account, MailSource source, string label, MoveProgress progress,
    VerifyResult result) : IDisposable
{
    private readonly IncrementalHash _there = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash _here = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public async Task RunAsync(CancellationToken cancel)
    {
        var taken = await TakenMailbox.LoadAsync(target.Store, account, cancel);
        var boxes = await KnownMailboxes.LoadAsync(target, account, source, label, taken.Values, cancel);
        foreach (var mailbox in source.Mailboxes)
        {
            cancel.ThrowIfCancellationRequested();
            progress.Now = $"{result.Account} {mailbox.Name}";
            var messages = source.Read(mailbox, cancel);
            progress.Expect(messages.Count);
            result.Mailboxes++;
            result.Messages += messages.Count;
            if (boxes.Find(mailbox.Name) is not { } here
                || await target.Store.ViewAsync(account, here.Id, cancel) is not { } view)
            {
                result.Differ(mailbox.Name, "", $"the mailbox is not here; it has {messages.Count} messages");
                continue;
            }
            if (mailbox.UidValidity != 0 && mailbox.UidValidity != here.UidValidity)
                result.Differ(mailbox.Name, "", $"UIDVALIDITY is {mailbox.UidValidity} there and {here.UidValidity} here");
            if (mailbox.UidValidity == here.UidValidity && here.UidNext < mailbox.UidNext)
                result.Differ(mailbox.Name, "", $"UIDNEXT is {mailbox.UidNext} there and {here.UidNext} here");
            if (source.MovesByItself) messages = [.. messages.Where(message => !IsElsewhere(mailbox, message, here.Id, taken.Values))];
            await CompareAsync(mailbox, messages, view, [.. taken.Values.Where(known => known.Mailbox == here.Id)
                .OrderByDescending(known => known.Label == label)], cancel);
        }
        Subscriptions(await target.Store.ListSubscriptionsAsync(account, cancel));
        result.DigestThere = Convert.ToHexStringLower(_there.GetHashAndReset());
        result.DigestHere = Convert.ToHexStringLower(_here.GetHashAndReset());
    }

    public void Dispose()
    {
        _there.Dispose();
        _here.Dispose();
    }

    private bool IsElsewhere(SourceMailbox mailbox, SourceMessage message, MailboxId here, IEnumerable<TakenMailbox> taken)
    {
        var all = taken.Where(known => known.Label == label && known.Find(message.Key) is { Uid: > 0 }).ToList();
        if (all.Count == 0 || all.Exists(known => known.Mailbox == here)) return false;
        result.Differ(mailbox.Name, message.Place, "was taken into another mailbox, where its labels put it then");
        progress.Taken(1, 0);
        return true;
    }

    private async Task CompareAsync(
        SourceMailbox mailbox, IReadOnlyList<SourceMessage> messages, MailboxView view, List<TakenMailbox> taken, CancellationToken cancel)
    {
        var met = new HashSet<uint>();
        source.Announce(messages);
        foreach (var message in messages)
        {
            var known = taken.Select(one => one.Find(message.Key)).FirstOrDefault(one => one is { Uid: > 0 });
            var at = known is { } found ? view.IndexOf(found.Uid) : -1;
            if (at < 0)
            {
                result.Differ(mailbox.Name, source.Tell(message), known is null ? "is not here"
                    : $"was taken as UID {known.Value.Uid} and is no longer here");
                progress.Taken(1, 0);
                continue;
            }
            met.Add(view[at].Uid);
            if (await SameAsync(mailbox.Name, message, view, view[at], cancel)) result.Equal++;
            if (view[at].Uid == message.Uid && view.UidValidity == mailbox.UidValidity) result.SameUid++;
            else if (message.Uid > 0 && mailbox.UidValidity == view.UidValidity) result.Differ(mailbox.Name, $"UID {view[at].Uid}",
                $"had UID {message.Uid}");
        }
        result.OnlyHere += view.Count - met.Count;
    }

    private async Task<bool> SameAsync(string mailbox, SourceMessage message, MailboxView view, Entry here, CancellationToken cancel)
    {
        var before = result.DifferencesInAll;
        var name = string.Create(CultureInfo.InvariantCulture, $"UID {here.Uid}");
        if (here.Flags.System != message.Flags) result.Differ(mailbox, name,
            $"flags are {message.Flags} there and {here.Flags.System} here");
        var words = Words(view.Keywords, here.Flags.Keywords);
        if (!words.SetEquals(message.Keywords))
            result.Differ(mailbox, name,
                $"keywords are {string.Join(' ', message.Keywords.Order(StringComparer.OrdinalIgnoreCase))} there and "
                    + $"{string.Join(' ', words.Order(StringComparer.OrdinalIgnoreCase))} here");
        if (here.InternalDate != message.InternalDate) result.Differ(mailbox, name,
            $"the date is {message.InternalDate} there and {here.InternalDate} here");
        try
        {
            await OctetsAsync(mailbox, name, message, here, cancel);
        }
        catch (Exception e) when (e is SourceException or SourceGoneException && e is not SourceLostException)
        {
            result.Differ(mailbox, source.Tell(message), e.Message);
        }
        return result.DifferencesInAll == before;
    }

    private async Task OctetsAsync(string mailbox, string name, SourceMessage message, Entry here, CancellationToken cancel)
    {
        using var there = target.Store.Spool.Begin();
        source.Copy(message, there, cancel);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        there.ForEachPiece(piece => digest.AppendData(piece.Span));
        var wanted = digest.GetHashAndReset();
        result.Octets += there.Length;
        progress.Taken(1, there.Length);
        if (await target.Store.OpenBodyAsync(account, here.Email, cancel) is not { } body)
        {
            result.Differ(mailbox, name, "its octets are gone here");
            return;
        }
        using (body)
        {
            if (body.Prove() is { } fault)
            {
                result.Differ(mailbox, name, $"it is damaged here: {fault}");
                return;
            }
            var octets = new byte[64 * 1024];
            for (long at = 0; body.Read(at, octets) is > 0 and var read; at += read) digest.AppendData(octets.AsSpan(0, read));
            var had = digest.GetHashAndReset();
            _there.AppendData(wanted);
            _here.AppendData(had);
            if (!had.AsSpan().SequenceEqual(wanted)) result.Differ(mailbox, name,
                $"its {there.Length} octets there are other {body.Length} octets here");
        }
    }

    private static HashSet<string> Words(IReadOnlyList<string> names, UInt128 mask)
    {
        var words = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var number = 0; mask != 0; number++, mask >>= 1)
            if ((mask & 1) != 0 && number < names.Count) words.Add(names[number]);
        return words;
    }

    private void Subscriptions(IReadOnlyList<string> here)
    {
        foreach (var name in (source.Subscriptions ?? []).Except(here, StringComparer.Ordinal)) result.Differ(name, "",
            "is subscribed there and not here");
    }
}
