using System.Buffers;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Sieve;
using Aviso.Spam;
using Aviso.Store;

namespace Aviso.Delivery;

/// <summary>One line of a trial.</summary>
/// <param name="Action">Such as "file into Lists".</param>
/// <param name="Examples">"From: Subject" of at most three of them, the newest first.</param>
public sealed record SieveTrialRow(string Action, int Messages, IReadOnlyList<string> Examples);

/// <param name="Moved">Messages that would not be in the inbox.</param>
/// <param name="Stopped">Why not all that were asked for were looked at; null: they were.</param>
public sealed record SieveTrialReport(int LookedAt, int Moved, IReadOnlyList<SieveTrialRow> Would, IReadOnlyList<string> Errors, string? Stopped);

/// <summary>Tries a script on mail that is stored already. Changes nothing and sends nothing.</summary>
public sealed class SieveTrials(SieveStep step, IMailStore store, TimeProvider clock)
{
    private const int MostErrors = 10;
    private const int MostRows = 200;

    /// <summary>All messages of one trial together.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(1);

    /// <summary>The score from which the filter refuses mail, for `spamtest`.</summary>
    public Func<double> RejectAt { get; init; } = () => new SpamFilterOptions().Reject;

    /// <summary>Null when there is no such mailbox. The newest messages are looked at.</summary>
    public async Task<SieveTrialReport?> RunAsync(
        AccountId account, string address, string mailbox, SieveScript script, int limit, CancellationToken cancel)
    {
        if (SieveHost.Canonical(mailbox) is not { } name || await store.FindMailboxAsync(account, name, cancel) is not { } box
            || await store.ViewAsync(account, box.Id, cancel) is not { } view) return null;
        var tally = new Tally();
        var begun = clock.GetTimestamp();
        string? stopped = null;
        for (var i = view.Count - 1; i >= Math.Max(0, view.Count - limit); i--)
        {
            if (clock.GetElapsedTime(begun) > Budget)
            {
                stopped = "the time for one trial is up";
                break;
            }
            await TryAsync(account, address, view[i].Email, script, tally, cancel);
        }
        return new(tally.LookedAt, tally.Moved, [.. tally.Rows.Values.OrderByDescending(r => r.Messages).Select(r => new SieveTrialRow(r.Action, r.Messages, r.Examples))],
            tally.Errors, stopped);
    }

    private async Task TryAsync(AccountId account, string address, EmailId email, SieveScript script, Tally tally, CancellationToken cancel)
    {
        using var stored = await store.OpenBodyAsync(account, email, cancel);
        if (stored is null or { Fault: not null }) return;
        using var body = store.Spool.Begin();
        // As delivery does it: a script sees the message as it stands in the mailbox, with the fields we put before it.
        var root = Copy(stored, body);
        // An edited message holds our fields in its own header.
        var own = Read(stored, 0, stored.PrefixLength > 0 ? stored.PrefixLength : (int)Math.Min(root.HeaderLength, 64 * 1024));
        var input = DeliveredFields.Read(new(account, address, body, root, "", address) { OwnPrefix = stored.PrefixLength }, own, RejectAt());
        tally.Add(await step.TryAsync(input, script, cancel), () => Title(body, root));
    }

    private static MimePart Copy(StoredBody stored, SpooledBody into)
    {
        var scanner = new MimeScanner();
        var piece = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (long at = 0; stored.Read(at, piece) is var read and > 0; at += read)
            {
                into.Write(piece.AsSpan(0, read));
                scanner.Append(piece.AsSpan(0, read));
            }
            return scanner.Finish();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static byte[] Read(StoredBody stored, long from, int count)
    {
        var octets = new byte[count];
        var at = 0;
        while (at < count && stored.Read(from + at, octets.AsSpan(at)) is var read and > 0) at += read;
        return octets;
    }

    private static string Title(SpooledBody body, MimePart root)
    {
        var header = new byte[(int)Math.Min(root.HeaderLength, 64 * 1024)];
        var read = body.Read(0, header);
        var span = header.AsSpan(0, read);
        HeaderFields.TryFind(span, "From"u8, out var from);
        HeaderFields.TryFind(span, "Subject"u8, out var subject);
        return $"{HeaderText.Decode(from).Trim()}: {HeaderText.Decode(subject).Trim()}";
    }

    private sealed class Tally
    {
        public int LookedAt { get; private set; }

        public int Moved { get; private set; }

        public Dictionary<string, Row> Rows { get; } = new(StringComparer.Ordinal);

        public List<string> Errors { get; } = [];

        public void Add(SieveTrial trial, Func<string> title)
        {
            LookedAt++;
            if (SieveWords.Moves(trial.Outcome)) Moved++;
            if (trial.Plan.Error is { } error && Errors.Count < MostErrors && !Errors.Contains(error)) Errors.Add(error);
            foreach (var kind in trial.Outcome.Actions.Select(SieveWords.Kind).Distinct(StringComparer.Ordinal))
            {
                // A script that files by address makes as many mailboxes as there are addresses.
                var shown = Rows.Count < MostRows || Rows.ContainsKey(kind) ? kind : "something else";
                if (!Rows.TryGetValue(shown, out var row)) Rows[shown] = row = new(shown);
                row.Messages++;
                if (row.Examples.Count < 3) row.Examples.Add(title());
            }
        }
    }

    private sealed class Row(string action)
    {
        public string Action => action;

        public int Messages { get; set; }

        public List<string> Examples { get; } = [];
    }
}

/// <summary>What a script decided, and what would become of it in the account.</summary>
public sealed record SieveTrial(SieveOutcome Outcome, SievePlan Plan);
