using System.Text;
using Aviso.Delivery;
using Aviso.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Bench;

/// <summary>Fills a store whose server is stopped, the way mail comes in but without a network in between.</summary>
internal static class Fill
{
    private const int AtOnce = 512;

    /// <summary>Short messages into the INBOX of every account in turn, until <paramref name="total"/> were added in all.</summary>
    public static Task StoreAsync(string data, long from, long total) => RunAsync(data, from, total,
        (accounts, message, i) =>
            Message(message, i, [new(accounts[(int)(i % accounts.Count)], "INBOX", Prefix, SystemFlags.None, [])], null));

    /// <summary>Messages for a destination each that nobody tries before tomorrow, ten thousand destinations.</summary>
    public static Task QueueAsync(string data, long from, long total)
    {
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds();
        return RunAsync(data, from, total, (_, message, i) =>
        {
            var domain = $"d{i % 10_000}.test";
            return Message(
                message, i, [], new("a@bench.test", null, "", DsnReturn.Unspecified, QueueNeeds.None, QueuePriority.Person, Prefix,
                [new($"u{i}@{domain}", domain, DsnNotify.Unspecified, "", tomorrow)]));
        });
    }

    private static readonly byte[] Prefix = Encoding.ASCII.GetBytes("Return-Path: <a@sender.test>\r\nDelivered-To: user@bench.test\r\n");

    private static readonly byte[] Octets = Encoding.ASCII.GetBytes(
        "From: a@sender.test\r\nTo: user@bench.test\r\nSubject: fill\r\nMessage-ID: <fill@sender.test>\r\nDate: Sat, 21 Nov 2026 07:00:00 +0000\r\n\r\n"
        + string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog and goes home\r\n", 6)));

    private static Acceptance Message((SqliteMailStore Store, Rendered Rendered) of, long i, AcceptTarget[] targets, QueueSubmission? queue)
    {
        var body = of.Store.Spool.Begin();
        body.Write(Octets);
        return new(body, of.Rendered with { MessageId = $"fill{i}@sender.test" }, targets, queue)
        {
            ReceivedAt = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(),
        };
    }

    private static async Task RunAsync(
        string data, long from, long total,
        Func<IReadOnlyList<AccountId>, (SqliteMailStore, Rendered), long, Acceptance> one)
    {
        var reader = new MessageReader();
        await using var store = await SqliteMailStore.OpenAsync(
            new() { DataFolder = data, Clock = TimeProvider.System, Log = NullLogger.Instance, Reader = reader }, default);
        var accounts = (await store.ListAccountsAsync(default)).Where(a => a.Address.StartsWith("user", StringComparison.Ordinal))
            .Select(a => a.Id).ToList();
        using var sample = store.Spool.Begin();
        sample.Write(Octets);
        var rendered = reader.Render(sample);
        var next = from;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) - 1 is var i && i < total)
            {
                var message = one(accounts, (store, rendered), i);
                using var body = message.Body;
                if (!(await store.AcceptAsync(message, default)).Ok) throw new InvalidOperationException("the store refused");
                if (i % 1_000_000 == 0) Console.WriteLine($"  filled {i:N0}");
            }
        })));
    }
}
