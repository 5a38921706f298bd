using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Aviso.Jmap;

namespace Aviso.Web;

/// <summary>Upload and download of blobs (RFC 8620 §6.1, §6.2).</summary>
internal static class JmapFiles
{
    private const string AnyType = "application/octet-stream";

    public static async Task UploadAsync(JmapServer jmap, JmapVisit visit, CancellationToken cancel)
    {
        var (exchange, user, _) = visit;
        var account = exchange.Request.Path[JmapPaths.Upload.Length..].TrimEnd('/');
        var headers = exchange.Request.Headers;
        using var reply = headers.ContentLength > jmap.Limits.MaxSizeUpload ? jmap.UploadTooLarge()
            : await jmap.UploadAsync(user, account, TypeOf(headers.ContentType.ToString()), exchange.Request.Body, cancel);
        await exchange.AnswerAsync(reply.Status, reply.ContentType, reply.Body);
    }

    public static async Task DownloadAsync(JmapServer jmap, JmapVisit visit, CancellationToken cancel)
    {
        var (exchange, user, _) = visit;
        // The name may have slashes in it.
        var parts = exchange.Request.Path[JmapPaths.Download.Length..].Split('/', 3);
        using var blob = parts.Length == 3 ? await jmap.DownloadAsync(user, parts[0], parts[1], cancel) : null;
        if (blob is null)
        {
            await exchange.AnswerAsync(WebRefusal.Problem(404, "there is no such blob"));
            return;
        }
        exchange["Content-Disposition"] = Disposition(parts[2]);
        // What somebody sent is never a page of ours, whatever it says that it is.
        exchange["Content-Security-Policy"] = "sandbox; default-src 'none'";
        exchange["Cross-Origin-Resource-Policy"] = "same-origin";
        exchange["Content-Length"] = blob.Size.ToString(CultureInfo.InvariantCulture);
        var into = await exchange.StreamAsync(
            200, TypeOf(exchange.QueryOrNull("type") ?? ""), caching: "private, immutable, max-age=31536000");
        if (exchange.Request.Method != "HEAD") await CopyAsync(blob, into, cancel);
    }

    private static async Task CopyAsync(JmapDownload blob, PipeWriter into, CancellationToken cancel)
    {
        for (var at = 0L; at < blob.Size;)
        {
            var count = blob.Read(at, into.GetSpan(32 * 1024));
            if (count == 0) throw new IOException("a blob ends before its end");
            into.Advance(count);
            at += count;
            if ((await into.FlushAsync(cancel)).IsCompleted) return;
        }
    }

    // RFC 6838 §4.2; what is no type is octets.
    private static string TypeOf(string given)
    {
        var type = given.Split(';')[0].Trim();
        var isType = type.Length is > 2 and <= 255 && type.Split('/') is [{ Length: > 0 } main, { Length: > 0 } sub] && IsName(main)
            && IsName(sub);
        return isType && given.Length <= 255 && given.All(c => c is >= ' ' and <= '~') ? given : AnyType;
    }

    private static bool IsName(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '!' or '#' or '$' or '&' or '-' or '^' or '_' or '.' or '+');

    // RFC 6266 §5: a name in ASCII for old clients, and the whole name.
    private static string Disposition(string name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var c in name) plain.Append(c is >= ' ' and <= '~' and not ('"' or '\\' or '/' or '%') ? c : '_');
        return $"attachment; filename=\"{plain}\"; filename*=UTF-8''{Uri.EscapeDataString(name)}";
    }
}
