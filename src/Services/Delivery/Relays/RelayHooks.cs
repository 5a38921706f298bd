using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>
/// The webhooks of all relays that have one. Bounded: so many requests of one relay at once; each is proved before anything of it is
/// believed; a token that was taken is kept in the store for as long as it would be believed, so that a restart makes no copy new.
/// </summary>
public sealed class RelayHooks(RelayWatch watch, IDocumentRows documents, TimeProvider clock, ILogger log)
{
    private const string Kind = "relay-token";
    private const int AtOnce = 8;

    private static readonly TimeSpan WarnEvery = TimeSpan.FromMinutes(1);

    // RFC 5321 §4.5.3.1: local part, @ and domain.
    private const int MostRecipient = 320;

    private readonly ConcurrentDictionary<string, bool> _inHand = new(StringComparer.Ordinal);
    private volatile Dictionary<string, Entry> _hooks = new(StringComparer.Ordinal);

    private sealed record Entry(RelayHookOptions Options, IRelayHook Hook, SemaphoreSlim Places)
    {
        private long _mayWarnAt = long.MinValue;

        /// <summary>True once a minute: whoever knows the address could fill the log.</summary>
        public bool Warns(TimeProvider clock)
        {
            var (now, due) = (clock.GetTimestamp(), Volatile.Read(ref _mayWarnAt));
            var next = now + (long)(WarnEvery.TotalSeconds * clock.TimestampFrequency);
            return now >= due && Interlocked.CompareExchange(ref _mayWarnAt, next, due) == due;
        }
    }

    /// <summary>Those whose settings did not change go on with what they know.</summary>
    public void Take(IReadOnlyList<RelayHookOptions> relays, FetchText fetch)
    {
        var before = _hooks;
        _hooks = relays.ToDictionary(
            r => r.Relay, r => before.TryGetValue(r.Relay, out var same) && same.Options == r ? same : new(r, Make(r, fetch), new(AtOnce)),
            StringComparer.Ordinal);
        foreach (var relay in _hooks.Keys) RelayMeters.Expect(relay);
    }

    public bool Has(string relay) => _hooks.ContainsKey(relay);

    /// <summary>Proves, reads and does what was posted.</summary>
    /// <param name="client">For the log.</param>
    public async Task<HookResult> TakeAsync(string relay, HookRequest request, string client, CancellationToken cancel)
    {
        if (!_hooks.TryGetValue(relay, out var entry)) return HookResult.Refused;
        if (!await entry.Places.WaitAsync(0, cancel)) return Counted(HookResult.Failed);
        try
        {
            var reading = await entry.Hook.ReadAsync(request, cancel);
            if (reading.Result != HookResult.Taken)
            {
                if (entry.Warns(clock)) log.EventRefused(relay, client, reading.Problem);
                return Counted(reading.Result);
            }
            if (reading.Token is not { Length: > 0 } given) return Counted(await TakeAllAsync(relay, reading, cancel));
            return Counted(await OnceAsync(relay, reading, TokenOf(relay, given, entry.Hook.Window), cancel));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (entry.Warns(clock)) log.EventsFailed(e, relay);
            return Counted(HookResult.Failed);
        }
        finally
        {
            entry.Places.Release();
        }
    }

    private async Task<HookResult> OnceAsync(string relay, HookReading reading, Document token, CancellationToken cancel)
    {
        // Two copies at one time: the second shall come again, and is old then.
        if (!_inHand.TryAdd(token.Key.Name, true)) return HookResult.Failed;
        try
        {
            if (await documents.GetDocumentAsync(default, Kind, token.Key.Name, cancel) is not null) return HookResult.Again;
            var result = await TakeAllAsync(relay, reading, cancel);
            // Only now: a vendor whose event we could not keep comes again with the same token.
            await documents.AddDocumentAsync(token, cancel);
            return result;
        }
        finally
        {
            _inHand.TryRemove(token.Key.Name, out _);
        }
    }

    private async Task<HookResult> TakeAllAsync(string relay, HookReading reading, CancellationToken cancel)
    {
        foreach (var heard in reading.Events.Where(e => e.Recipient.Length is > 0 and <= MostRecipient)) await watch.TakeAsync(relay,
            heard, cancel);
        return HookResult.Taken;
    }

    private static HookResult Counted(HookResult result)
    {
        RelayMeters.Hook(result.ToString().ToLowerInvariant());
        return result;
    }

    private Document TokenOf(string relay, string token, TimeSpan window)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{relay}\0{token}")));
        var now = clock.GetUtcNow();
        // Signed a little ahead of our clock it is believed a little longer.
        return new(new(default, Kind, name), [], now.ToUnixTimeSeconds(), (now + window + TimeSpan.FromHours(1)).ToUnixTimeSeconds());
    }

    private IRelayHook Make(RelayHookOptions options, FetchText fetch) => options.Vendor switch
    {
        RelayVendor.Brevo => new BrevoHook(options.Secret, clock),
        RelayVendor.Mailgun => new MailgunHook(options.Secret, clock),
        _ => new SesHook(options.Relay, options.Topic, fetch, clock, log),
    };
}

/// <summary>What proves that events of a relay are the vendor's.</summary>
/// <param name="Secret">Brevo: token or password; Mailgun: signing key.</param>
/// <param name="Topic">SES: the ARN of the topic.</param>
public sealed record RelayHookOptions(string Relay, RelayVendor Vendor, string Secret, string Topic);
