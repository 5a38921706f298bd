using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Aviso.Store;

namespace Aviso.Spam;

/// <summary>What is known of a sender.</summary>
/// <param name="Ham">Messages that were good, fading with time.</param>
/// <param name="Spam">Messages that were not.</param>
/// <param name="FirstSeen">Unix seconds UTC.</param>
/// <param name="LastSeen">Unix seconds UTC.</param>
internal readonly record struct Standing(float Ham, float Spam, long FirstSeen, long LastSeen)
{
    private const double HalfLifeSeconds = 30 * 86_400.0;

    // So many messages before it counts half.
    private const double Doubt = 5;

    public Standing At(long now)
    {
        var faded = (float)Math.Pow(0.5, Math.Max(0, now - LastSeen) / HalfLifeSeconds);
        return this with { Ham = Ham * faded, Spam = Spam * faded, LastSeen = Math.Max(now, LastSeen) };
    }

    /// <summary>-1 (good) to 1 (bad); 0 when nothing is known.</summary>
    public double Badness => (Spam - Ham) / (Spam + Ham + Doubt);
}

/// <summary>
/// Reputation of addresses, domains and networks (/24, /48), learned from verdicts and, three times as strong, from what people correct; it
/// halves in 30 days. Who is proven (aligned SPF or DKIM) and who is not are kept apart, so that a forger neither earns nor spoils a name.
/// Kept in memory, at most <see cref="Most"/> names by hash, and written to DATA/spam.db from time to time. Thread-safe.
/// </summary>
public sealed class Reputation : IAsyncDisposable
{
    internal const int Most = 100_000;
    private const int Kind = 5;
    private const float Correction = 3;
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(30);

    private readonly RowFile _file;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<ulong, Standing> _standings = new();
    private readonly ConcurrentDictionary<ulong, bool> _unwritten = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;

    public Reputation(RowFile file, TimeProvider clock)
    {
        (_file, _clock) = (file, clock);
        file.Each(Kind, 0, Most, (in RowFile.Row row) =>
        {
            if (row.Key.Length == 8 && row.Value.Length == 24) _standings[BinaryPrimitives.ReadUInt64BigEndian(row.Key)] = Read(row.Value);
        });
        _writing = WriteLoopAsync(_stop.Token);
    }

    /// <summary>Names known.</summary>
    internal int Count => _standings.Count;

    /// <summary>Null when it was never seen.</summary>
    internal Standing? Of(ulong name) => _standings.TryGetValue(name, out var known) ? known.At(Now) : null;

    /// <summary>Notes that a name was met, with what came of it: amounts of ham and spam, 0 or more.</summary>
    internal void Note(ulong name, float ham, float spam)
    {
        var now = Now;
        _standings.AddOrUpdate(name, static (_, given) => new(given.ham, given.spam, given.now, given.now), static (_, known, given) =>
        {
            var faded = known.At(given.now);
            // What weighs a hundred messages changes as fast as what weighs a thousand.
            return faded with { Ham = Math.Clamp(faded.Ham + given.ham, 0, 100), Spam = Math.Clamp(faded.Spam + given.spam, 0, 100) };
        }, (ham, spam, now));
        _unwritten[name] = true;
        if (_standings.Count > Most + (Most / 10)) Forget();
    }

    /// <summary>Somebody moved this message into or out of Junk.</summary>
    internal void Correct(MessageContent content, bool isSpam)
    {
        // Whether it was proven at the time is in our own trace, which is not read here: both names learn, the unproven one less.
        var (ham, spam) = isSpam ? (-Correction, Correction) : (Correction, -Correction);
        foreach (var proven in (ReadOnlySpan<bool>)[true, false])
        {
            if (content.Header.FromAddress is { Length: > 0 } address) Note(Name('a', address, proven), ham, spam);
            if (content.Header.FromDomain is { Length: > 0 } domain) Note(Name('d', domain, proven), ham / 3, spam / 3);
        }
    }

    /// <summary>A message came to a spam trap. Only the name it proved, or did not, and its network learn: a forger spoils no good
    /// name.</summary>
    internal void Trapped(SpamInput input, MessageContent content)
    {
        var proven = IsProven(input);
        if (content.Header.FromAddress is { Length: > 0 } address) Note(Name('a', address, proven), 0, Correction);
        if (content.Header.FromDomain is { Length: > 0 } domain) Note(Name('d', domain, proven), 0, 1);
        if (input.Client is { } client) Note(Name('n', NetworkOf(client), true), 0, 1);
    }

    /// <summary>True when the domain in From is proven: DMARC's alignment, by SPF or DKIM.</summary>
    public static bool IsProven(SpamInput input) => input.Auth is { Dmarc: { } dmarc } && (dmarc.SpfAligned || dmarc.DkimAligned);

    internal static ulong Name(char kind, string text, bool proven) => HashOf($"{kind}{(proven ? '+' : '-')}{text}");

    /// <summary>The network of an address: /24 of IPv4, /48 of IPv6.</summary>
    internal static string NetworkOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var octets = address.GetAddressBytes();
        var kept = address.AddressFamily == AddressFamily.InterNetwork ? 3 : 6;
        Array.Clear(octets, kept, octets.Length - kept);
        return $"{new IPAddress(octets)}/{kept * 8}";
    }

    /// <summary>Of text without regard to case.</summary>
    internal static ulong HashOf(string text)
    {
        var hash = 14695981039346656037;
        foreach (var c in text) hash = (hash ^ char.ToLowerInvariant(c)) * 1099511628211;
        hash = (hash ^ (hash >> 31)) * 0xBF58476D1CE4E5B9;
        return hash ^ (hash >> 29);
    }

    /// <summary>Writes what changed.</summary>
    internal void Write()
    {
        var names = _unwritten.Keys.ToList();
        if (names.Count == 0) return;
        foreach (var some in names.Chunk(1000))
        {
            _file.Change(batch =>
            {
                Span<byte> key = stackalloc byte[8];
                Span<byte> value = stackalloc byte[24];
                foreach (var name in some)
                {
                    if (!_standings.TryGetValue(name, out var standing)) continue;
                    BinaryPrimitives.WriteUInt64BigEndian(key, name);
                    WriteTo(value, standing);
                    batch.Set(Kind, 0, key, 0, standing.LastSeen, value);
                }
            });
            foreach (var name in some) _unwritten.TryRemove(name, out _);
        }
        _file.Change(batch => batch.KeepNewest(Kind, 0, Most));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            Write();
        }
        catch (IOException)
        {
            // It may be lost.
        }
        _stop.Dispose();
    }

    private long Now => _clock.GetUtcNow().ToUnixTimeSeconds();

    private async Task WriteLoopAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(WriteEvery, _clock);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                Write();
            }
            catch (IOException)
            {
                // Tried again with the next round.
            }
        }
    }

    // The names not met for longest go.
    private void Forget()
    {
        var limit = _standings.Values.Select(s => s.LastSeen).Order().ElementAt(_standings.Count / 5);
        foreach (var (name, standing) in _standings)
            if (standing.LastSeen <= limit) _standings.TryRemove(name, out _);
    }

    private static Standing Read(ReadOnlySpan<byte> value) =>
        new(BinaryPrimitives.ReadSingleBigEndian(value), BinaryPrimitives.ReadSingleBigEndian(value[4..]),
        BinaryPrimitives.ReadInt64BigEndian(value[8..]), BinaryPrimitives.ReadInt64BigEndian(value[16..]));

    private static void WriteTo(Span<byte> value, Standing standing)
    {
        BinaryPrimitives.WriteSingleBigEndian(value, standing.Ham);
        BinaryPrimitives.WriteSingleBigEndian(value[4..], standing.Spam);
        BinaryPrimitives.WriteInt64BigEndian(value[8..], standing.FirstSeen);
        BinaryPrimitives.WriteInt64BigEndian(value[16..], standing.LastSeen);
    }
}
