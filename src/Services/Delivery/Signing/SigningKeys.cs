using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using Aviso.Base;
using Aviso.Dns;
using Aviso.MailAuth;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>A key as a list of keys shows it.</summary>
/// <param name="State">declared, waiting (not in the DNS yet), signing, paused (the DNS holds another key), or retired (still published,
/// signs no more).</param>
/// <param name="Problem">What is wrong with its record, or empty.</param>
public sealed record SigningKeyInfo(
    string Domain, string Selector, string Algorithm, string State, string Record, string Problem, DateTimeOffset? Since);

/// <summary>The record of a key.</summary>
/// <param name="Text">The TXT value in one piece.</param>
/// <param name="IsRetired">It signs no more; mail signed with it is still under way.</param>
public sealed record SigningKeyRecord(string Domain, string Selector, string Text, bool Signs, bool IsRetired);

/// <summary>How far a key of ours is.</summary>
/// <param name="State">As in <see cref="SigningKeyInfo"/>.</param>
/// <param name="GoneAt">When a retired key is forgotten and its record may go; null for the others.</param>
public sealed record SigningKeyStage(
    string Domain, string Selector, string State, DateTimeOffset Made, DateTimeOffset? SigningSince, DateTimeOffset? RetiredAt,
    DateTimeOffset? GoneAt, string Problem);

/// <summary>Asks the servers of a zone themselves, one by one.</summary>
public interface IKeyWitness
{
    /// <summary>Who of those that answer does not show this key yet; null: nobody, or none can be asked.</summary>
    /// <param name="name">SELECTOR._domainkey.DOMAIN.</param>
    /// <param name="record">The TXT value that ought to stand there.</param>
    Task<string?> MissingAsync(string name, string record, CancellationToken cancel);
}

/// <summary>
/// The keys of each domain. Declared keys sign always. A domain without one gets an RSA and an Ed25519 key of our own (RFC 8463): they
/// sign from the moment the DNS shows their records, for a signature that nobody can verify is worse than none. A rotation makes new keys
/// beside the old; the old sign until the new ones are published, and are kept as retired while mail signed by them is under way.
/// After every change a message is signed and verified against the live DNS. Thread-safe.
/// </summary>
public sealed class SigningKeys(IDocumentRows documents, IResolver resolver, BodySpool spool, TimeProvider clock, ILogger log)
    : ISigningKeys, IDisposable
{
    private const string Kind = "dkim-key";

    /// <summary>How long the record of a retired key stays: mail may be under way for days, and is looked at again later.</summary>
    public static readonly TimeSpan RetiredFor = TimeSpan.FromDays(14);

    private static readonly TimeSpan WaitingEvery = TimeSpan.FromMinutes(10);
    private static readonly Meter Meter = new("Aviso.Delivery");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;
    private static readonly Gauge<int> Verified =
        Meter.CreateGauge<int>("aviso_dkim_verified", null, "1 when a message signed for the domain verifies against the DNS");

    private readonly SemaphoreSlim _one = new(1);
    private volatile Dictionary<string, List<Held>> _domains = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>One key and what is known of it.</summary>
    private sealed record Held(
        DkimKey Key, bool Declared, DateTimeOffset Made, DateTimeOffset? SigningSince, DateTimeOffset? RetiredAt, string Problem)
    {
        public bool Signs => Declared || (SigningSince is not null && RetiredAt is null);

        /// <summary>The DNS answers, and not with this key.</summary>
        public bool IsWrong { get; init; }
    }

    /// <summary>Must agree before a new key signs; null: our resolver decides alone.</summary>
    public IKeyWitness? Witness { get; set; }

    public IReadOnlyList<DkimKey> KeysOf(string domain) =>
        DomainName.TryParse(domain, out var name) && _domains.TryGetValue(name.Ascii, out var held) ? held.FindAll(h => h.Signs && !IsPaused(h, held)).ConvertAll(h => h.Key) : [];

    // A signature that fails harms where another would do; when all are wrong none is better than the others.
    private static bool IsPaused(Held held, List<Held> all) => held.IsWrong && all.Exists(h => h.Signs && !h.IsWrong);

    public IReadOnlyList<SigningKeyInfo> List() =>
        [.. _domains.OrderBy(d => d.Key, StringComparer.Ordinal).SelectMany(d => d.Value.Select(h => new SigningKeyInfo(
        d.Key, h.Key.Selector, h.Key.AlgorithmName, StateOf(h, d.Value), h.Key.ZoneLine(), h.Problem, h.SigningSince)))];

    /// <summary>Keys that this server made, by domain; none of a domain that declares its own.</summary>
    public IReadOnlyList<SigningKeyStage> Stages() =>
    [
        .. _domains.OrderBy(d => d.Key, StringComparer.Ordinal).SelectMany(d =>
            d.Value.Where(h => !h.Declared).Select(h => new SigningKeyStage(
            d.Key, h.Key.Selector, StateOf(h, d.Value), h.Made, h.SigningSince, h.RetiredAt, h.RetiredAt + RetiredFor, h.Problem))),
    ];

    private static string StateOf(Held held, List<Held> all) => held.Declared ? "declared" : held.RetiredAt is not null ? "retired"
        : held.SigningSince is null ? "waiting" : IsPaused(held, all) ? "paused" : "signing";

    /// <summary>What the DNS ought to hold of each key.</summary>
    public IReadOnlyList<SigningKeyRecord> Records() =>
        [.. _domains.OrderBy(d => d.Key, StringComparer.Ordinal).SelectMany(d => d.Value.Select(h => new SigningKeyRecord(
            d.Key, h.Key.Selector, h.Key.DnsRecord(), h.Signs, h.RetiredAt is not null)))];

    /// <summary>Takes the domains of the settings with their declared keys; the others get keys when they have none.</summary>
    public async Task ApplyAsync(
        IReadOnlyList<(string Domain, IReadOnlyList<(string Selector, string Pem)> Declared)> domains, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var stored = (await documents.ListDocumentsAsync(default, Kind, cancel))
                .ToLookup(d => d.Key.Name.Split(':')[0], StringComparer.OrdinalIgnoreCase);
            var next = new Dictionary<string, List<Held>>(StringComparer.OrdinalIgnoreCase);
            foreach (var (domain, declared) in domains)
            {
                var held = next[domain] = [];
                foreach (var (selector, pem) in declared)
                {
#pragma warning disable CA2000 // the list holds it
                    if (DkimKey.TryImport(domain, selector, pem, out var key, out var problem)) held.Add(
                        new(key!, true, clock.GetUtcNow(), null, null, ""));
#pragma warning restore CA2000
                    else log.KeyUnusable(domain, selector, problem);
                }
                if (declared.Count > 0) continue;
                held.AddRange(stored[domain].Select(Read).OfType<Held>());
                if (held.Count == 0) held.AddRange(await MakeAsync(domain, [], cancel));
            }
            _domains = next;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>New keys beside the old ones.</summary>
    /// <returns>The new keys; null when the domain's keys are declared in the settings or it is none of ours.</returns>
    public async Task<IReadOnlyList<SigningKeyInfo>?> RotateAsync(string domain, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (!_domains.TryGetValue(domain, out var held) || held.Exists(h => h.Declared)) return null;
            // Keys that wait already are the new ones.
            if (!held.Exists(h => h.SigningSince is null))
                _domains = new(_domains, StringComparer.OrdinalIgnoreCase)
                {
                    [domain] = [.. held,
                    .. await MakeAsync(domain, held, cancel)]
                };
        }
        finally
        {
            _one.Release();
        }
        await CheckAsync(domain, cancel);
        return [.. List().Where(k => k.Domain.Equals(domain, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>Takes a key that signed for a domain on another server. It signs here once the DNS is seen to hold it.</summary>
    /// <returns>Why it cannot be taken; null: it was, or was here already.</returns>
    public async Task<string?> TakeAsync(string domain, string selector, string pem, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (!_domains.TryGetValue(domain, out var held)) return $"{domain} is no domain of ours";
            if (held.Find(h => h.Key.Selector.Equals(selector, StringComparison.OrdinalIgnoreCase)) is { } here) return WhyNot(here, pem);
            if (held.Exists(h => h.Declared)) return $"the keys of {domain} are declared in the settings; add this one there";
#pragma warning disable CA2000 // the list holds it
            if (!DkimKey.TryImport(domain, selector, pem, out var key, out var problem)) return problem;
            // Younger keys of the same kind take over when they are published: this one came before them.
            var made = new Held(key!, false, held.Select(h => h.Made).Append(clock.GetUtcNow()).Min().AddSeconds(-1), null, null, "");
#pragma warning restore CA2000
            await documents.ChangeDocumentsAsync([Document(domain, made)], [], cancel);
            _domains = new(_domains, StringComparer.OrdinalIgnoreCase) { [domain] = [.. held, made] };
        }
        finally
        {
            _one.Release();
        }
        await CheckAsync(domain, cancel);
        return null;
    }

    // One name of the DNS is one key's: another one under the same selector cannot sign beside it.
    private static string? WhyNot(Held here, string pem)
    {
        var (domain, selector) = (here.Key.Domain, here.Key.Selector);
        if (!DkimKey.TryImport(domain, selector, pem, out var key, out var problem)) return problem;
        using (key)
        {
            if (key.DnsRecord() != here.Key.DnsRecord())
                return $"{domain} has another key under the selector {selector} here, which stays; this one was not taken";
        }
        return here.RetiredAt is null ? null : $"{domain} has this key ({selector}) here already, retired: it signs no more";
    }

    /// <summary>Looks at the DNS until stopped: soon again while a key waits or is wrong, else once an hour.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var looked = clock.GetUtcNow();
        var first = true;
        while (true)
        {
            var troubled = _domains.Where(d => d.Value.Exists(h => h is { Signs: false, RetiredAt: null } || h.Problem.Length > 0))
                .Select(d => d.Key);
            var all = first || clock.GetUtcNow() - looked >= TimeSpan.FromHours(1);
            if (all) looked = clock.GetUtcNow();
            foreach (var domain in (all ? _domains.Keys : troubled).ToList())
            {
                try
                {
                    await CheckAsync(domain, stop);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    log.KeysFailed(e, domain);
                }
            }
            first = false;
            await Task.Delay(WaitingEvery, clock, stop);
        }
    }

    /// <summary>Compares each key of a domain with its record; what is published now signs, what it replaces retires.</summary>
    public async Task CheckAsync(string domain, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (!_domains.TryGetValue(domain, out var before)) return;
            var now = clock.GetUtcNow();
            var after = new List<Held>();
            foreach (var held in before) after.Add(held.RetiredAt is not null ? held : await LookAsync(held, now, cancel));
            var newest = after.Where(h => h is { Declared: false, RetiredAt: null, SigningSince: not null }).Select(h => h.Made)
                .DefaultIfEmpty().Max();
            for (var i = 0; i < after.Count; i++)
            {
                var old = after[i];
                // Keys are made in pairs: a younger one of the same kind takes over.
                if (old is { Declared: false, RetiredAt: null, SigningSince: not null } && old.Made < newest
                    && after.Exists(h => h.SigningSince is not null && h.Made > old.Made
                        && h.Key.Algorithm == old.Key.Algorithm)) after[i] = old with { RetiredAt = now };
            }
            var gone = after.FindAll(h => h.RetiredAt is { } at && now - at > RetiredFor);
            after.RemoveAll(gone.Contains);
            if (after.SequenceEqual(before)) return;
            await documents.ChangeDocumentsAsync(
                [.. after.Where(h => !h.Declared).Select(h => Document(domain, h))],
                    gone.ConvertAll(h => new DocumentKey(default, Kind, Name(domain, h.Key))), cancel);
            _domains = new(_domains, StringComparer.OrdinalIgnoreCase) { [domain] = after };
        }
        finally
        {
            _one.Release();
        }
        await ProveAsync(domain, cancel);
    }

    private async Task<Held> LookAsync(Held held, DateTimeOffset now, CancellationToken cancel)
    {
        var name = $"{held.Key.Selector}._domainkey.{held.Key.Domain}";
        var answer = await resolver.QueryAsync(name, DnsType.Txt, cancel);
        var wanted = KeyIn(held.Key.DnsRecord());
        var published = answer.Records.OfType<TxtRecord>().Select(r => KeyIn(r.Text)).ToList();
        var problem = answer.IsTemporary ? $"{name} could not be asked for"
            : published.Count == 0 ? $"{name} is not in the DNS"
            : published.Contains(wanted) ? "" : $"{name} holds another key";
        // A receiver may ask any server of the zone: a new key waits for the slowest.
        if (problem.Length == 0 && held is { SigningSince: null, Declared: false } && Witness is { } witness
            && await witness.MissingAsync(name, held.Key.DnsRecord(), cancel) is { } missing) return held with
            {
                Problem = missing,
                IsWrong = false
            };
        var since = held.SigningSince ?? (held.Declared ? null : now);
        if (problem.Length == 0) return held with { Problem = "", IsWrong = false, SigningSince = since };
        // A new key waits to be published, that is no trouble yet; a key in use that nobody can verify is.
        if (problem != held.Problem && held.Signs) log.KeyNotPublished(held.Key.Domain, problem);
        return held with { Problem = problem, IsWrong = !answer.IsTemporary };
    }

    /// <summary>The tag that makes two records the same key.</summary>
    public static string KeyIn(string record) => record.Split(';').Select(t => t.Replace(" ", "", StringComparison.Ordinal).Trim())
        .FirstOrDefault(t => t.StartsWith("p=", StringComparison.Ordinal)) ?? "";

    // The first message after a change is ours.
    private async Task ProveAsync(string domain, CancellationToken cancel)
    {
        var keys = KeysOf(domain);
        if (keys.Count == 0) return;
        using var body = spool.Begin();
        body.Write(System.Text.Encoding.ASCII.GetBytes(
            $"From: postmaster@{domain}\r\nSubject: self-check\r\n\r\nsigned to be verified\r\n"));
        using var signed = spool.Begin();
        signed.Write(DkimSigner.Sign(body, keys, SignOptions.Default, clock.GetUtcNow()));
        body.ForEachPiece(piece => signed.Write(piece.Span));
        var verdicts = await new DkimVerifier(resolver, new(), clock).VerifyAsync(signed, cancel);
        var bad = verdicts.FirstOrDefault(v => v.Result != DkimResult.Pass);
        Verified.Record(bad is null ? 1 : 0, new KeyValuePair<string, object?>("domain", domain));
        if (bad is null) log.SignatureVerified(domain, string.Join(' ', keys.Select(k => k.Selector)));
        else log.SignatureBroken(domain, bad.Selector, bad.Result.ToString(), bad.Problem);
    }

    private async Task<List<Held>> MakeAsync(string domain, IReadOnlyList<Held> beside, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var stamp = now.UtcDateTime.ToString("yyyyMMdd'T'HHmm", CultureInfo.InvariantCulture).ToLowerInvariant();
        // Two rotations within a minute: a selector that stands for another key would break what that one signed.
        for (var (first, again) = (stamp, 2); beside.Any(h => h.Key.Selector.StartsWith("a" + stamp, StringComparison.Ordinal)); again++)
            stamp = string.Create(CultureInfo.InvariantCulture, $"{first}n{again}");
        // The younger takes over: of whole seconds, as they are kept, each pair has one of its own.
        var oldest = beside.Select(h => h.Made).DefaultIfEmpty().Max().AddSeconds(1);
        var at = oldest > now ? oldest : now;
        List<Held> made =
        [
            new(DkimKey.Generate(domain, $"a{stamp}r", DkimAlgorithm.RsaSha256), false, at, null, null, ""),
            new(DkimKey.Generate(domain, $"a{stamp}e", DkimAlgorithm.Ed25519Sha256), false, at, null, null, ""),
        ];
        await documents.ChangeDocumentsAsync([.. made.Select(h => Document(domain, h))], [], cancel);
        foreach (var held in made) log.KeyMade(domain, held.Key.Selector);
        return made;
    }

    private static string Name(string domain, DkimKey key) => $"{domain.ToLowerInvariant()}:{key.Selector}";

    private Document Document(string domain, Held held) => Documents.Of(
        new(default, Kind, Name(domain, held.Key)),
        new StoredKey(
            held.Key.ExportPem(), held.Made.ToUnixTimeSeconds(), held.SigningSince?.ToUnixTimeSeconds()
                ?? 0, held.RetiredAt?.ToUnixTimeSeconds() ?? 0),
        SigningJson.Default.StoredKey, clock.GetUtcNow().ToUnixTimeSeconds());

    private Held? Read(Document document)
    {
        var at = document.Key.Name.IndexOf(':', StringComparison.Ordinal);
        var (domain, selector) = (document.Key.Name[..at], document.Key.Name[(at + 1)..]);
#pragma warning disable CA2000 // what is held signs until it is retired
        if (document.Read(SigningJson.Default.StoredKey) is { } stored
            && DkimKey.TryImport(domain, selector, stored.Pem, out var key, out var problem))
            return new(key!, false, Time(stored.Made)!.Value, Time(stored.SigningSince), Time(stored.RetiredAt), "");
#pragma warning restore CA2000
        log.KeyUnusable(domain, selector, "the stored key cannot be read");
        return null;

        static DateTimeOffset? Time(long seconds) => seconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(seconds);
    }

    public void Dispose() => _one.Dispose();
}

/// <summary>A key as kept; times are Unix seconds UTC, 0 is never.</summary>
internal sealed record StoredKey(string Pem, long Made, long SigningSince, long RetiredAt);

[JsonSerializable(typeof(StoredKey))]
internal sealed partial class SigningJson : JsonSerializerContext;
