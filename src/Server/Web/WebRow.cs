using System.Text.Json.Nodes;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>Which listeners answer a row.</summary>
[Flags]
internal enum WebKinds
{
    Http = 1, Https = 2, Metrics = 4,

    /// <summary>Where people and other servers come; not the metrics.</summary>
    Public = Http | Https,

    All = Public | Metrics,
}

/// <summary>What the Host header must say.</summary>
internal enum HostRule
{
    /// <summary>A name of ours: a page elsewhere must not reach us through a name that its owner points here (DNS rebinding).</summary>
    Ours,

    /// <summary>As <see cref="Ours"/>, or no Host at all, as tools of HTTP/1.0 have it; no browser does that.</summary>
    OursOrNone,

    /// <summary>The host of an MTA-STS policy of ours.</summary>
    Sts,

    /// <summary>As <see cref="Ours"/>, or a domain whose mail we take, or what mail programs put before one to find their
    /// settings.</summary>
    MailDomain,

    /// <summary>Any: an authority comes by the name that is to be proved, a bouncer by whatever leads to us.</summary>
    Any,
}

/// <summary>Why a request is not answered.</summary>
internal sealed record WebRefusal(int Status, string Type, string Text)
{
    /// <summary>As problem details (RFC 7807), for programs.</summary>
    public static WebRefusal Problem(int status, string detail) => new(status, "application/problem+json",
        new JsonObject { ["type"] = "about:blank", ["status"] = status, ["detail"] = detail }.ToJsonString());
}

/// <summary>Writes the response, whole or piece by piece.</summary>
internal delegate Task WebHandler(WebExchange exchange, CancellationToken cancel);

/// <summary>One thing that is answered over HTTP.</summary>
/// <param name="Methods">Those that are allowed; a refusal names them (RFC 9110 §15.5.6).</param>
/// <param name="Path">Exact; with a slash at the end everything below it.</param>
internal sealed record WebRow(WebKinds Kinds, HostRule Host, string[] Methods, string Path, WebHandler Handler)
{
    public static readonly string[] Read = ["GET", "HEAD"];

    /// <summary>False: the row is not there now.</summary>
    public Func<bool> IsOn { get; init; } = () => true;

    /// <summary>Null: everybody who comes this far.</summary>
    public Func<WebExchange, WebRefusal?>? MayNot { get; init; }

    /// <summary>Answered on kind http also where strangers are sent to https.</summary>
    public bool InTheClear { get; init; }

    /// <summary>Octets of a request's body.</summary>
    public long MostOctets { get; init; } = 64 << 10;

    public bool Answers(ListenerKind kind) => Kinds.HasFlag(kind switch
    {
        ListenerKind.Http => WebKinds.Http,
        ListenerKind.Https => WebKinds.Https,
        _ => WebKinds.Metrics,
    });

    public bool IsAt(string path) => Path.Length > 1 && Path.EndsWith('/') ? path.StartsWith(Path, StringComparison.Ordinal) : path == Path;
}
