using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>
/// Sends to one push subscription: first its verification code, and state changes once it is verified. What comes while it waits is one
/// message; a service that is busy is given time, one that does not know the subscription ends it.
/// </summary>
internal sealed class PushSender(HttpClient http, Vapid vapid, PushSubscription subscription, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>Between two messages: changes that follow one another closely are one.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20), FirstWait = TimeSpan.FromSeconds(10),
        LongestWait = TimeSpan.FromHours(1);

    /// <summary>RFC 8030 §5.2: seconds that a push service keeps it for a client that is away.</summary>
    private const int TimeToLive = 24 * 3600;

    private const int MostFailures = 30, MostVerifications = 3;

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <param name="news">Of the account; it is disposed at the end.</param>
    /// <param name="isNew">Its verification code is to be sent, which is done once (RFC 8620 §7.2).</param>
    /// <param name="end">Ends the subscription.</param>
    public void Start(StateListener news, bool isNew, Func<Task> end) => _running = RunAsync(news, isNew, end);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(StateListener news, bool isNew, Func<Task> end)
    {
        await Task.Yield();
        using (news)
        {
            var isWanted = !isNew || await SendAsync(Verification(), MostVerifications);
            while (isWanted && !_stop.IsCancellationRequested)
            {
                var states = await news.NextAsync(TimeSpan.FromMinutes(10), clock, _stop.Token);
                if (clock.GetUtcNow().ToUnixTimeSeconds() >= subscription.Expires) break;
                // RFC 8620 §7.2: nothing more to a URL whose owner has not answered.
                if (states.Count == 0 || !subscription.IsVerified) continue;
                isWanted = await SendAsync(Change(news.Account, states), MostFailures);
                await Task.Delay(Pause, clock, _stop.Token);
            }
        }
        // Not awaited: it waits for this to end.
        if (!_stop.IsCancellationRequested) _ = end();
    }

    /// <returns>False when the subscription is over.</returns>
    private async Task<bool> SendAsync(byte[] message, int most)
    {
        var wait = FirstWait;
        for (var failures = 0; failures < most; failures++)
        {
            var (status, after) = await PostAsync(message);
            JmapMeters.Pushed((int)status);
            // RFC 8030 §7.3: what is gone does not come back.
            if (status is HttpStatusCode.NotFound or HttpStatusCode.Gone) return false;
            if ((int)status is >= 200 and < 300) return true;
            // A message that is not taken as it is will not be taken later; the next one may.
            if ((int)status is >= 400 and < 500 && status != HttpStatusCode.TooManyRequests) return true;
            await Task.Delay(after > wait ? after : wait, clock, _stop.Token);
            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
        return false;
    }

    /// <summary>The status, 0 for no answer, and how long the service wants to be left alone.</summary>
    private async Task<(HttpStatusCode Status, TimeSpan After)> PostAsync(byte[] message)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, subscription.Url);
        request.Content = new ByteArrayContent(subscription.Keys is { } keys ? WebPushCipher.Encrypt(message, keys) : message);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (subscription.Keys is not null) request.Content.Headers.ContentEncoding.Add("aes128gcm");
        request.Headers.TryAddWithoutValidation("TTL", TimeToLive.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("Urgency", "normal");
        request.Headers.TryAddWithoutValidation("Authorization", vapid.Authorization(subscription.Url));
        using var deadline = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
        try
        {
            using var reply = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var after = reply.Headers.RetryAfter;
            var until = after?.Delta ?? (after?.Date is { } date ? date - clock.GetUtcNow() : TimeSpan.Zero);
            return (reply.StatusCode, until < LongestWait ? until : LongestWait);
        }
        catch (Exception e) when (
            e is HttpRequestException or IOException || (e is OperationCanceledException && !_stop.IsCancellationRequested))
        {
            return (0, TimeSpan.Zero);
        }
    }

    // RFC 8620 §7.2.2
    private byte[] Verification() => Octets(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("@type"u8, "PushVerification"u8);
        writer.WriteString("pushSubscriptionId"u8, subscription.Id);
        writer.WriteString("verificationCode"u8, subscription.Code);
        writer.WriteEndObject();
    });

    private static byte[] Change(AccountId account, IReadOnlyDictionary<string, string> states) =>
        Octets(writer => StateFeed.Write(writer, account, states));

    private static byte[] Octets(Action<Utf8JsonWriter> write)
    {
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing)) write(writer);
        return octets.WrittenSpan.ToArray();
    }
}
