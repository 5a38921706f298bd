using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;
using Aviso.Guard;
using Aviso.Net;

namespace Aviso.Web;

/// <summary>
/// The Authorization field: Basic (RFC 7617) with a password or an app password, Bearer (RFC 6750) with a token. What was proved is
/// believed again from the same client for a few minutes, until the account's credentials change: mail programs send it with every request.
/// </summary>
/// <param name="isTwoStep">Is this account's own password only half of what is asked? Then it lets nobody in here: there is no place for
/// the other half.</param>
internal sealed class HeaderLogin(
    IAuthenticator logins, LoginChanges changes, Func<long, bool> isTwoStep, IdSource ids, TimeProvider clock) : IWebLogin
{
    private const int MostKnown = 10_000;
    private static readonly TimeSpan Believed = TimeSpan.FromMinutes(5), TokenBelieved = TimeSpan.FromMinutes(1);

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<UInt128, Known> _known = new();

    private sealed record Known(Principal User, string Credential, long Until);

    public async ValueTask<WebLoginAnswer?> FindAsync(WebExchange exchange, CancellationToken cancel)
    {
        var field = exchange.Request.Headers.Authorization.ToString();
        if (field.Length == 0) return null;
        var key = KeyOf(exchange, field);
        if (_known.TryGetValue(key, out var known) && clock.GetTimestamp() < known.Until && !changes.IsOver(known.User))
            return Of(known.User, known.Credential);
        var space = field.IndexOf(' ', StringComparison.Ordinal);
        var (scheme, given) = space < 0 ? (field, "") : (field[..space], field[(space + 1)..].Trim());
        var attempt = new LoginAttempt(IdText.Format(ids.Next()), exchange.Kind, exchange.Client, scheme.ToUpperInvariant());
        try
        {
            return attempt.Mechanism switch
            {
                "BASIC" when TryBasic(given, out var user, out var password) => await PasswordAsync(key, attempt, user, password, cancel),
                "BEARER" when logins.Tokens is { } offer && given.Length > 0 && given.Length <= offer.TokenLimit =>
                    await TokenAsync(key, attempt, given, cancel),
                _ => WebLoginAnswer.Refused(401, "these credentials cannot be read, or their scheme is none of this server's"),
            };
        }
        catch (LoginOverloadException)
        {
            return WebLoginAnswer.Refused(503, "too many logins wait; try again");
        }
    }

    private async ValueTask<WebLoginAnswer> PasswordAsync(
        UInt128 key, LoginAttempt attempt, string name, string password, CancellationToken cancel)
    {
        if (await logins.CheckPasswordAsync(attempt, name, password, cancel) is not { } user)
            return Refused(attempt, "the user name or password is wrong");
        if (user.Scope is null && isTwoStep(user.Account))
            return WebLoginAnswer.Refused(401, "this account logs in in two steps: make an app password for this program");
        return Remember(key, user, user.Scope is { } scope ? "app:" + scope.Name : "password", Believed);
    }

    private async ValueTask<WebLoginAnswer> TokenAsync(UInt128 key, LoginAttempt attempt, string token, CancellationToken cancel) =>
        await logins.CheckTokenAsync(attempt, "", token, cancel) is { } user
            ? Remember(key, user, "token", TokenBelieved) : Refused(attempt, "the token is not good");

    private static WebLoginAnswer Refused(LoginAttempt attempt, string otherwise) => attempt.Notes.Advice is not { } advice
        ? WebLoginAnswer.Refused(401, otherwise)
        : WebLoginAnswer.Refused(advice.Kind == LoginAdviceKind.Unavailable ? 503 : 401, advice.Text);

    private WebLoginAnswer Remember(UInt128 key, Principal user, string credential, TimeSpan believed)
    {
        if (_known.Count >= MostKnown) _known.Clear();
        _known[key] = new(user, credential, clock.GetTimestamp() + (long)(believed.TotalSeconds * clock.TimestampFrequency));
        return Of(user, credential);
    }

    private WebLoginAnswer Of(Principal user, string credential) => new(user, credential, null) { IsOver = () => changes.IsOver(user) };

    // Of one client only: another may have been told to stay outside of an app password's networks.
    private UInt128 KeyOf(WebExchange exchange, string field) => BitConverter.ToUInt128(
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{(int)exchange.Kind} {exchange.Client} {field}")));

    // RFC 7617 §2: user-id ":" password, in UTF-8; no control characters.
    private static bool TryBasic(string given, out string user, out string password)
    {
        (user, password) = ("", "");
        if (given.Length > 4096 || !Base64.IsValid(given)) return false;
        var octets = Convert.FromBase64String(given);
        if (!System.Text.Unicode.Utf8.IsValid(octets)) return false;
        var text = Encoding.UTF8.GetString(octets);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || text.Any(char.IsControl)) return false;
        (user, password) = (text[..colon], text[(colon + 1)..]);
        return true;
    }
}
