using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Aviso.Doctor;

/// <summary>Who tells, in events: the server's name.</summary>
public sealed record EventSource(Func<string> HostName, TimeProvider Clock);

/// <summary>
/// A webhook: POST of {"host", "events": [...]}. With a secret X-Aviso-Signature is "sha256=" and the HMAC of X-Aviso-Timestamp (Unix
/// seconds), a dot and the body: whoever checks both knows who sent it and when.
/// </summary>
public sealed class WebhookTarget(Uri to, string? secret, EventSource source, EventPost post) : IEventTarget
{
    public string Name => EventText.Target("webhook", to);

    public string Kind => "webhook";

    public Task<string?> SendAsync(IReadOnlyList<DoctorEvent> events, CancellationToken cancel)
    {
        var body = EventPost.Utf8(new JsonObject
        {
            ["host"] = source.HostName(),
            ["events"] = new JsonArray([.. events.Select(e => (JsonNode)e.Json())]),
        }.ToJsonString());
        var time = source.Clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        IEnumerable<(string, string)> headers = [("X-Aviso-Timestamp", time)];
        if (secret is not null) headers = headers.Append(("X-Aviso-Signature", "sha256=" + Sign(secret, time, body)));
        return post.SendAsync(to, body, "application/json", headers, cancel);
    }

    /// <summary>In hexadecimal digits.</summary>
    public static string Sign(string secret, string time, byte[] body) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), (byte[])[.. Encoding.ASCII.GetBytes(time + "."),
            .. body]));
}

/// <summary>ntfy: the text is the body, title and priority (1 to 5) are headers.</summary>
/// <param name="topic">The URL of the topic.</param>
public sealed class NtfyTarget(Uri topic, string? token, EventSource source, EventPost post) : IEventTarget
{
    public string Name => EventText.Target("ntfy", topic);

    public string Kind => "ntfy";

    public Task<string?> SendAsync(IReadOnlyList<DoctorEvent> events, CancellationToken cancel)
    {
        IEnumerable<(string, string)> headers =
        [
            ("Title", EventText.Title(source.HostName(), events)), ("Priority", EventText.Worst(events) == Severity.Error ? "4" : "3"),
            ("Tags", events.Any(e => e.IsRaised) ? "warning" : "white_check_mark"),
        ];
        if (token is not null) headers = headers.Append(("Authorization", "Bearer " + token));
        return post.SendAsync(topic, EventPost.Utf8(EventText.Body(events)), "text/plain; charset=utf-8", headers, cancel);
    }
}

/// <summary>Gotify: POST /message with a title, a message and a priority from 0 to 10.</summary>
/// <param name="server">Without /message.</param>
public sealed class GotifyTarget(Uri server, string token, EventSource source, EventPost post) : IEventTarget
{
    public string Name => EventText.Target("gotify", server);

    public string Kind => "gotify";

    public Task<string?> SendAsync(IReadOnlyList<DoctorEvent> events, CancellationToken cancel)
    {
        var body = new JsonObject
        {
            ["title"] = EventText.Title(source.HostName(), events),
            ["message"] = EventText.Body(events),
            ["priority"] = EventText.Worst(events) == Severity.Error ? 8 : 5,
        };
        return post.SendAsync(new(server.AbsoluteUri.TrimEnd('/') + "/message"), EventPost.Utf8(body.ToJsonString()), "application/json",
            [("X-Gotify-Key", token)], cancel);
    }
}

/// <summary>Events in words.</summary>
internal static class EventText
{
    /// <summary>A name for a target by its URL, whose path may be a secret.</summary>
    public static string Target(string kind, Uri url) =>
        $"{kind} {url.Host} ({Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url.AbsoluteUri)))[..6]})";

    public static Severity Worst(IReadOnlyList<DoctorEvent> events) => events.Where(e => e.IsRaised).Select(e => e.Severity)
        .DefaultIfEmpty().Max();

    /// <summary>ASCII, for a header; one line.</summary>
    public static string Title(string host, IReadOnlyList<DoctorEvent> events)
    {
        var text = events is [var one] ? $"{host}: {(one.IsRaised ? one.Code : one.Code + " is over")}"
            : $"{host}: {events.Count(e => e.IsRaised)} new, {events.Count(e => !e.IsRaised)} over";
        return string.Concat(text.Select(c => char.IsAscii(c) && !char.IsControl(c) ? c : '?'));
    }

    /// <summary>A paragraph each, what is new first.</summary>
    public static string Body(IReadOnlyList<DoctorEvent> events) => string.Join("\n\n", events.OrderBy(e => !e.IsRaised)
        .ThenByDescending(e => e.Severity)
        .Select(e => e.IsRaised ? $"{e.SeverityWord} {e.Code}: {e.Says}.\nSeen: {e.Evidence}\nTo do: "
            + $"{e.Fix}{(e.Act.Length > 0 ? $"\n    {e.Act}" : "")}"
            : $"Over: {e.Code}: {e.Says}. It stood since {DoctorEvent.Time(e.Since)}."));
}
