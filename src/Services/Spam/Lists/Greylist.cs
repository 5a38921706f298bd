using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Aviso.MailAuth;
using Aviso.Store;

namespace Aviso.Spam;

/// <summary>When mail of unknown senders is asked to come again.</summary>
public sealed record GreylistOptions
{
    public bool Enabled { get; init; }

    /// <summary>Only mail of at least this score; null: of any.</summary>
    public double? From { get; init; }

    /// <summary>From this score on mail is filed in Junk and need not come again.</summary>
    public double Tag { get; init; } = 6;

    /// <summary>How long a sender has to wait.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>
/// Greylisting (RFC 6647): the first message of a client, sender and recipient is deferred, and taken when it comes again after a while. Who came
/// again is known for 36 days from the last message. Clients are networks (/24, /64); a sender whom SPF lets use many machines is known
/// by that domain. Kept in DATA/spam.db, as hashes, a bounded number.
/// </summary>
public sealed class Greylist(RowFile file, Reputation reputation, TimeProvider clock) : ISpamCheck
{
    internal const int Most = 200_000;
    private const int WaitingKind = 8;
    private const int KnownKind = 9;
    private static readonly TimeSpan ComesWithin = TimeSpan.FromDays(2);
    private static readonly TimeSpan KnownFor = TimeSpan.FromDays(36);
    private static readonly TimeSpan UpkeepEvery = TimeSpan.FromHours(1);

    // Known senders are noted again only so often: most mail writes nothing.
    private static readonly TimeSpan NoteEvery = TimeSpan.FromDays(1);
    private long _nextUpkeep;

    public GreylistOptions Options { get; set; } = new();

    public string Name => "greylist";

    public SpamPhase Phase => SpamPhase.Final;

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var options = Options;
        var input = context.Input;
        if (!options.Enabled || input.Client is not { } client || IsExempt(context, options)) return default;
        var now = clock.GetUtcNow();
        var who = input.Auth?.Spf is { Result: SpfResult.Pass, Domain.Length: > 0 } spf ? $"spf {spf.Domain}" : $"net {NetworkOf(client)}";
        var known = Key($"{who}\n{Organization.Of(input.Sender.Domain.Ascii)}");
        if (LastOf(KnownKind, known) is { } seen && now - seen < KnownFor)
        {
            if (now - seen > NoteEvery) file.Change(batch => batch.Set(KnownKind, 0, known, 0, now.ToUnixTimeSeconds(), []));
            return default;
        }
        var triples = input.Recipients.Take(100).Select(r => Key($"{who}\n{input.Sender.Wire}\n{r}")).ToList();
        var first = triples.Select(t => LastOf(WaitingKind, t)).Where(at => at is { } first && now - first <= ComesWithin).Min();
        if (first is { } came && now - came >= options.Delay)
        {
            Remember(known, triples, now);
            SpamMeters.Greylisted("passed");
            return default;
        }
        Wait(triples, now);
        SpamMeters.Greylisted("deferred");
        context.Ask(SpamAction.Greylist, first is null ? "first contact" : $"came again after {(now - first.Value).TotalSeconds:0} s");
        return default;
    }

    // Bounces come once or not at all from some; who is proven and was good before, or whom somebody here writes to, is known.
    private bool IsExempt(SpamContext context, GreylistOptions options)
    {
        var input = context.Input;
        if (input.IsInternal || input.IsSubmission || input.IsRelayed || input.Traps > 0 || input.Sender.IsNone || input.Recipients.Count == 0) return true;
        var score = context.Score;
        if (score >= options.Tag || score < options.From || context.Has(TrustCheck.Mark) || context.Has("ALLOWED_HERE")) return true;
        return Reputation.IsProven(input) && context.Content.Header.FromDomain is { Length: > 0 } domain
            && reputation.Of(Reputation.Name('d', domain, true)) is { Ham: > 0.5f, Badness: <= 0 };
    }

    private DateTimeOffset? LastOf(int kind, byte[] key)
    {
        long at = -1;
        file.Get(kind, 0, key, (in RowFile.Row row) => at = row.At);
        return at < 0 ? null : DateTimeOffset.FromUnixTimeSeconds(at);
    }

    private void Remember(byte[] known, List<byte[]> triples, DateTimeOffset now) => file.Change(batch =>
    {
        batch.Set(KnownKind, 0, known, 0, now.ToUnixTimeSeconds(), []);
        foreach (var triple in triples) batch.Remove(WaitingKind, 0, triple);
    });

    // The first time counts, unless that was too long ago.
    private void Wait(List<byte[]> triples, DateTimeOffset now)
    {
        var news = triples.Where(t => LastOf(WaitingKind, t) is not { } first || now - first > ComesWithin).ToList();
        if (news.Count == 0) return;
        file.Change(batch =>
        {
            foreach (var triple in news) batch.Set(WaitingKind, 0, triple, 0, now.ToUnixTimeSeconds(), []);
            if (now.ToUnixTimeSeconds() < Interlocked.Read(ref _nextUpkeep)) return;
            Interlocked.Exchange(ref _nextUpkeep, (now + UpkeepEvery).ToUnixTimeSeconds());
            batch.RemoveBefore(WaitingKind, (now - ComesWithin).ToUnixTimeSeconds());
            batch.RemoveBefore(KnownKind, (now - KnownFor).ToUnixTimeSeconds());
            batch.KeepNewest(WaitingKind, 0, Most);
            batch.KeepNewest(KnownKind, 0, Most);
        });
    }

    /// <summary>/24 of IPv4, /64 of IPv6.</summary>
    internal static string NetworkOf(IPAddress address)
    {
        address = Net.Networks.Normal(address);
        var octets = address.GetAddressBytes();
        Array.Clear(octets, address.AddressFamily == AddressFamily.InterNetwork ? 3 : 8, address.AddressFamily == AddressFamily.InterNetwork ? 1 : 8);
        return new IPAddress(octets).ToString();
    }

    private static byte[] Key(string text)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(key, Reputation.HashOf(text));
        return key;
    }
}
