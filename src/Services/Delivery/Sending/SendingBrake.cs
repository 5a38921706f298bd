using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Aviso.Base;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// How much each account sends to addresses elsewhere. Beyond a limit the client is told to come back; a sudden fan-out to people whom the
/// account never wrote to looks like a stolen password and holds what the account has in the queue: nothing is refused for it and
/// nothing is dropped. Holds survive a restart; the counts of the hour do not.
/// </summary>
public sealed class SendingBrake
{
    private const string HoldKind = "sending-hold";
    private const string UsualKind = "sending-usual";
    private const string Name = "now";

    // A single burst that somebody has found right is remembered, but one hour among many changes little.
    private const double Weight = 0.1;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<long, SendingHold> _holds = new();
    private readonly ConcurrentDictionary<long, Sent> _sent = new();
    private readonly IDocumentRows _rows;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private volatile SendingLimits _limits;

    private SendingBrake(SendingLimits limits, IDocumentRows rows, TimeProvider clock, ILogger log) => (_limits, _rows, _clock, _log) = (limits, rows, clock, log);

    public SendingLimits Limits
    {
        get => _limits;
        set => _limits = value;
    }

    public IReadOnlyList<SendingHold> Holds => [.. _holds.Values.OrderBy(h => h.Address, StringComparer.Ordinal)];

    public static async Task<SendingBrake> OpenAsync(SendingLimits limits, IDocumentRows rows, TimeProvider clock, ILogger log, CancellationToken cancel)
    {
        var brake = new SendingBrake(limits, rows, clock, log);
        foreach (var document in await rows.ListDocumentsAsync(HoldKind, cancel))
        {
            if (document.Read(SendingJson.Default.SendingHold) is { } hold) brake._holds[document.Key.Owner.Value] = hold;
        }
        foreach (var document in await rows.ListDocumentsAsync(UsualKind, cancel)) brake.Of(document.Key.Owner).Usual = document.Read(SendingJson.Default.Double);
        SendingMeters.Show(brake._holds.Count);
        return brake;
    }

    /// <summary>Why nothing of this account may leave now; null when it may. Asked by the queue before each attempt.</summary>
    public string? HoldReason(AccountId account) => _holds.TryGetValue(account.Value, out var hold) ? hold.Reason : null;

    /// <summary>Counts one message.</summary>
    /// <param name="elsewhere">Its recipients that are not ours.</param>
    /// <param name="isKnown">The account wrote to this address before.</param>
    /// <returns>450 when a limit is reached (then nothing was counted), and a hold when this message began one.</returns>
    internal async ValueTask<(Refusal? No, SendingHold? Began)> CountAsync(
        AccountId account, string address, IReadOnlyCollection<string> elsewhere, Func<string, bool> isKnown, CancellationToken cancel)
    {
        var limits = _limits;
        if (elsewhere.Count == 0 || limits.Unlimited.Contains(address)) return default;
        var sent = Of(account);
        var now = _clock.GetUtcNow();
        // Looking up whom the account knows reads the disk: outside the lock, and no more than can matter.
        var fresh = _holds.ContainsKey(account.Value) ? [] : elsewhere.Where(a => !isKnown(a)).ToList();
        double? usual;
        SendingHold? began = null;
        lock (sent)
        {
            usual = sent.Roll(now, learns: !_holds.ContainsKey(account.Value));
            if (sent.Over(limits, elsewhere.Count) is { } limit) return (Refused(limit), null);
            sent.Add(elsewhere.Count, fresh);
            if (sent.New.Count > Math.Max(limits.NewRecipients, limits.Factor * sent.Usual))
            {
                var hold = new SendingHold(address, now, sent.New.Count, sent.Usual);
                if (_holds.TryAdd(account.Value, hold)) began = hold;
            }
        }
        if (usual is { } learned) await KeepAsync([Document(account, UsualKind, learned, SendingJson.Default.Double)], [], cancel);
        if (began is null) return default;
        SendingMeters.Held.Add(1);
        SendingMeters.Show(_holds.Count);
        _log.MailHeld(address, began.NewRecipients, began.Usual);
        await KeepAsync([Document(account, HoldKind, began, SendingJson.Default.SendingHold)], [], cancel);
        return (null, began);
    }

    /// <summary>Somebody has looked and found it right: that many are usual from now on. False when nothing was held.</summary>
    public async Task<bool> ReleaseAsync(AccountId account, CancellationToken cancel)
    {
        if (!_holds.TryGetValue(account.Value, out var hold)) return false;
        double usual;
        var sent = Of(account);
        lock (sent)
        {
            usual = sent.Usual = Math.Max(sent.Usual, hold.NewRecipients);
            sent.New.Clear();
            _holds.TryRemove(account.Value, out _);
        }
        SendingMeters.Show(_holds.Count);
        _log.MailReleased(hold.Address);
        await KeepAsync([Document(account, UsualKind, usual, SendingJson.Default.Double)], [new(account, HoldKind, Name)], cancel);
        return true;
    }

    private Sent Of(AccountId account) => _sent.GetOrAdd(account.Value, _ => new());

    // What holds, holds now; that it could not be written is an event, and no reason to refuse mail.
    private async Task KeepAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel)
    {
        try
        {
            await _rows.ChangeDocumentsAsync(set, remove, cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.LimitsNotKept(e.Message);
        }
    }

    private Document Document<T>(AccountId account, string kind, T value, JsonTypeInfo<T> type) =>
        Documents.Of(new(account, kind, Name), value, type, _clock.GetUtcNow().ToUnixTimeSeconds());

    private static Refusal Refused(string limit)
    {
        SendingMeters.Limit(limit.Replace(' ', '-'));
        return new(450, new(4, 7, 1), $"Your account has sent too many {limit}, try again later", Reason.SendingLimit, $"too many {limit}");
    }

    /// <summary>One account's hour and day. Used under its own lock.</summary>
    private sealed class Sent
    {
        private DateTimeOffset _hour, _day;
        private int _hourMessages, _hourRecipients, _dayMessages, _dayRecipients;

        public HashSet<string> New { get; } = new(StringComparer.OrdinalIgnoreCase);

        public double Usual { get; set; }

        /// <summary>Begins a new hour or day when the old is over. The new usual number when it changed.</summary>
        public double? Roll(DateTimeOffset now, bool learns)
        {
            if (now - _day >= Day) (_day, _dayMessages, _dayRecipients) = (now, 0, 0);
            if (now - _hour < Hour) return null;
            var learned = learns && New.Count > 0;
            if (learned) Usual = Usual == 0 ? New.Count : (Usual * (1 - Weight)) + (New.Count * Weight);
            (_hour, _hourMessages, _hourRecipients) = (now, 0, 0);
            New.Clear();
            return learned ? Usual : null;
        }

        public string? Over(SendingLimits limits, int recipients) =>
            _hourMessages >= limits.MessagesPerHour ? "messages this hour"
            : _dayMessages >= limits.MessagesPerDay ? "messages today"
            // A first message is never too large for an hour: what one message may have is another limit.
            : _hourRecipients > 0 && _hourRecipients + recipients > limits.RecipientsPerHour ? "recipients this hour"
            : _dayRecipients > 0 && _dayRecipients + recipients > limits.RecipientsPerDay ? "recipients today" : null;

        public void Add(int recipients, IEnumerable<string> fresh)
        {
            (_hourMessages, _hourRecipients) = (_hourMessages + 1, _hourRecipients + recipients);
            (_dayMessages, _dayRecipients) = (_dayMessages + 1, _dayRecipients + recipients);
            New.UnionWith(fresh);
        }
    }
}

[JsonSerializable(typeof(SendingHold))]
[JsonSerializable(typeof(double))]
internal sealed partial class SendingJson : JsonSerializerContext;
