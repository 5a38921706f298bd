using System.Net;
using System.Text.Json;

namespace Aviso.Delivery;

/// <summary>A recipient that a vendor serves no longer: mail for it is taken and thrown away.</summary>
/// <param name="List">Which of the vendor's lists: "bounces", "complaints", "unsubscribes", "blocked", "suppressed".</param>
/// <param name="Reason">The vendor's words.</param>
/// <param name="Since">When it came there; null where the vendor does not say.</param>
public sealed record SuppressedAddress(string Relay, string Address, string List, string Reason, DateTimeOffset? Since);

/// <summary>What a vendor's list holds.</summary>
/// <param name="Problem">Why it is not known, or not all of it; null when it is.</param>
public sealed record SuppressionAnswer(IReadOnlyList<SuppressedAddress> Rows, string? Problem);

/// <summary>How to ask a vendor of its list.</summary>
/// <param name="Address">Of the API, with a slash at its end.</param>
/// <param name="Key">Brevo, Mailgun: API key; SES: access key id.</param>
/// <param name="Secret">SES: secret access key.</param>
/// <param name="Region">SES: region.</param>
/// <param name="Domain">Mailgun: sending domain.</param>
public sealed record SuppressionOptions(
    string Relay, RelayVendor Vendor, Uri Address, string Key, string Secret = "", string Region = "", string Domain = "");

/// <summary>The list of one vendor, by its documented HTTP API. Thread-safe.</summary>
public abstract class SuppressionList(SuppressionOptions options, HttpClient http)
{
    /// <summary>More than anybody looks through; the rest is a problem that is said.</summary>
    protected const int MostRows = 10_000;

    public SuppressionOptions Options => options;

    public static SuppressionList Of(SuppressionOptions options, HttpClient http, TimeProvider clock) => options.Vendor switch
    {
        RelayVendor.Brevo => new BrevoSuppressions(options, http),
        RelayVendor.Mailgun => new MailgunSuppressions(options, http),
        _ => new SesSuppressions(options, http, clock),
    };

    /// <summary>One client for all vendors: bounded answers, no redirects, since a key goes to nobody else.</summary>
    public static HttpClient Client() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    { Timeout = TimeSpan.FromSeconds(20), MaxResponseContentBufferSize = 4 << 20 };

    /// <summary>All of it, at most <see cref="MostRows"/>. Never throws but for <paramref name="cancel"/>.</summary>
    public abstract Task<SuppressionAnswer> ListAsync(CancellationToken cancel);

    /// <summary>Takes an address off: how many lists it stood on, or what went wrong.</summary>
    public abstract Task<(int Removed, string? Problem)> UnblockAsync(string address, CancellationToken cancel);

    /// <summary>Who asks.</summary>
    protected abstract void Authorize(HttpRequestMessage request);

    /// <param name="path">Relative to the address of the API; or absolute, on its host.</param>
    protected async Task<(HttpStatusCode? Status, JsonDocument? Json, string Problem)> AskAsync(
        HttpMethod method, string path, CancellationToken cancel)
    {
        var at = new Uri(options.Address, path);
        if (at.Host != options.Address.Host || at.Scheme != options.Address.Scheme)
            return (null, null, $"{options.Relay}: the API leads to another host, {at.Host}");
        using var request = new HttpRequestMessage(method, at);
        request.Headers.TryAddWithoutValidation("User-Agent", "Aviso");
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        Authorize(request);
        try
        {
            using var reply = await http.SendAsync(request, cancel);
            var said = await reply.Content.ReadAsByteArrayAsync(cancel);
            if (reply.IsSuccessStatusCode) return (reply.StatusCode, HookText.Parse(said), "");
            var words = RelayEvent.OneLine(System.Text.Encoding.UTF8.GetString(said.AsSpan(0, Math.Min(said.Length, 300))));
            return (reply.StatusCode, null, $"{options.Address.Host} answers {(int)reply.StatusCode}: {words}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return (null, null, $"{options.Address.Host} cannot be asked: {e.Message}");
        }
    }

    /// <summary>Takes the address off one list; not standing there is no problem.</summary>
    protected async Task<(int Removed, string? Problem)> DeleteAsync(string path, CancellationToken cancel)
    {
        var (status, json, problem) = await AskAsync(HttpMethod.Delete, path, cancel);
        json?.Dispose();
        return status == HttpStatusCode.NotFound ? (0, null) : problem.Length > 0 ? (0, problem) : (1, null);
    }

    protected SuppressedAddress Row(string address, string list, string reason, DateTimeOffset? since) =>
        new(options.Relay, address, list, RelayEvent.OneLine(reason), since);

    /// <summary>Page by page until there is none or too many.</summary>
    /// <param name="read">The rows of a page and the path of the next; null: it was the last.</param>
    protected async Task<SuppressionAnswer> PagesAsync(
        string first, Func<JsonElement, List<SuppressedAddress>, string?> read, CancellationToken cancel)
    {
        var rows = new List<SuppressedAddress>();
        for (string? path = first; path is not null;)
        {
            var (_, json, problem) = await AskAsync(HttpMethod.Get, path, cancel);
            using (json)
            {
                if (json is null) return new(rows, problem.Length > 0 ? problem : $"{options.Address.Host} answers what is no JSON");
                var before = rows.Count;
                path = read(json.RootElement, rows);
                if (rows.Count == before) break;
            }
            if (rows.Count >= MostRows && path is not null) return new(rows,
                $"the list is longer than {MostRows}: the rest was not looked at");
        }
        return new(rows, null);
    }
}

/// <summary>Brevo: GET and DELETE smtp/blockedContacts, 100 at a time, newest first.</summary>
internal sealed class BrevoSuppressions(SuppressionOptions options, HttpClient http) : SuppressionList(options, http)
{
    private const int Page = 100;

    public override Task<SuppressionAnswer> ListAsync(CancellationToken cancel)
    {
        var offset = 0;
        return PagesAsync($"smtp/blockedContacts?limit={Page}&offset=0", (json, rows) =>
        {
            var before = rows.Count;
            rows.AddRange(HookText.Items(json, "contacts").Select(c => Row(HookText.Text(c, "email"), "blocked",
                HookText.Text(c, "reason", "message") is { Length: > 0 } words ? words : HookText.Text(c, "reason", "code"),
                HookText.Date(HookText.Text(c, "blockedAt")))).Where(r => r.Address.Length > 0));
            offset += Page;
            return rows.Count - before < Page ? null : $"smtp/blockedContacts?limit={Page}&offset={offset}";
        }, cancel);
    }

    public override Task<(int Removed, string? Problem)> UnblockAsync(string address, CancellationToken cancel) =>
        DeleteAsync($"smtp/blockedContacts/{Uri.EscapeDataString(address)}", cancel);

    protected override void Authorize(HttpRequestMessage request) => request.Headers.TryAddWithoutValidation("api-key", Options.Key);
}

/// <summary>Mailgun: DOMAIN/bounces, DOMAIN/complaints and DOMAIN/unsubscribes, 1,000 at a time, the next page by its URL.</summary>
internal sealed class MailgunSuppressions(SuppressionOptions options, HttpClient http) : SuppressionList(options, http)
{
    private static readonly string[] Lists = ["bounces", "complaints", "unsubscribes"];

    public override async Task<SuppressionAnswer> ListAsync(CancellationToken cancel)
    {
        var all = new List<SuppressedAddress>();
        string? problem = null;
        foreach (var list in Lists)
        {
            var answer = await PagesAsync($"{Options.Domain}/{list}?limit=1000", (json, rows) =>
            {
                rows.AddRange(HookText.Items(json, "items").Select(i => Row(HookText.Text(i, "address"), list,
                    $"{HookText.Text(i, "code")} {HookText.Text(i, "error")}", HookText.Date(HookText.Text(i, "created_at"))))
                    .Where(r => r.Address.Length > 0));
                return HookText.Text(json, "paging", "next") is { Length: > 0 } next ? next : null;
            }, cancel);
            all.AddRange(answer.Rows);
            problem ??= answer.Problem;
        }
        return new(all, problem);
    }

    public override async Task<(int Removed, string? Problem)> UnblockAsync(string address, CancellationToken cancel)
    {
        var (all, problem) = (0, (string?)null);
        foreach (var list in Lists)
        {
            var (removed, failed) = await DeleteAsync($"{Options.Domain}/{list}/{Uri.EscapeDataString(address)}", cancel);
            all += removed;
            problem ??= failed;
        }
        return (all, problem);
    }

    protected override void Authorize(HttpRequestMessage request) => request.Headers.Authorization = new(
        "Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"api:{Options.Key}")));
}

/// <summary>Amazon SES API v2: email/suppression/addresses of the account in one region.</summary>
internal sealed class SesSuppressions(SuppressionOptions options, HttpClient http, TimeProvider clock) : SuppressionList(options, http)
{
    private const string Path = "v2/email/suppression/addresses";

    public override Task<SuppressionAnswer> ListAsync(CancellationToken cancel) => PagesAsync($"{Path}?PageSize=1000", (json, rows) =>
    {
        rows.AddRange(HookText.Items(json, "SuppressedDestinationSummaries").Select(s => Row(HookText.Text(s, "EmailAddress"), "suppressed",
            HookText.Text(s, "Reason"), HookText.Time(HookText.Text(s, "LastUpdateTime")))).Where(r => r.Address.Length > 0));
        return HookText.Text(json, "NextToken") is { Length: > 0 } next ? $"{Path}?NextToken={Uri.EscapeDataString(next)}&PageSize=1000"
            : null;
    }, cancel);

    public override Task<(int Removed, string? Problem)> UnblockAsync(string address, CancellationToken cancel) =>
        DeleteAsync($"{Path}/{Uri.EscapeDataString(address)}", cancel);

    protected override void Authorize(HttpRequestMessage request) =>
        new AwsSignature(Options.Key, Options.Secret, Options.Region, "ses").Sign(request, clock.GetUtcNow());
}
