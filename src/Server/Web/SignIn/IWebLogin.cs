using Aviso.Net;

namespace Aviso.Web;

/// <summary>One way in which a request says who sent it: a header, a cookie.</summary>
internal interface IWebLogin
{
    /// <summary>Null: the request has no credential of this kind.</summary>
    ValueTask<WebLoginAnswer?> FindAsync(WebExchange exchange, CancellationToken cancel);
}

/// <summary>Who it is, or why it is nobody.</summary>
/// <param name="Credential">Names what was logged in with; the same each time, and only for this account.</param>
internal sealed record WebLoginAnswer(Principal? User, string Credential, WebRefusal? Refusal)
{
    /// <summary>Has the login ended since; asked now and then by what stays open.</summary>
    public Func<bool> IsOver { get; init; } = static () => false;

    public static WebLoginAnswer Refused(int status, string why) => new(null, "", WebRefusal.Problem(status, why));
}
