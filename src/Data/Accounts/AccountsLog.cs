using Microsoft.Extensions.Logging;

namespace Aviso.Accounts;

/// <summary>Log events of this folder, 3000-3099.</summary>
internal static partial class AccountsLog
{
    [LoggerMessage(3001, LogLevel.Warning, "list not believed: {Reason}")]
    public static partial void ListKept(this ILogger log, string reason);

    [LoggerMessage(3002, LogLevel.Warning, "account {Address} vanished from the settings: suspended, nothing deleted")]
    public static partial void Vanished(this ILogger log, string address);

    [LoggerMessage(
        3003, LogLevel.Information, "login refused: session {Session} {Kind} from {Remote} mechanism {Mechanism} user {User}: {Reason}")]
    public static partial void LoginRefused(
        this ILogger log, string session, Net.ListenerKind kind, System.Net.IPAddress remote, string mechanism, string user, string reason);

    [LoggerMessage(3004, LogLevel.Information, "login: session {Session} {Kind} from {Remote} mechanism {Mechanism} account {Address}")]
    public static partial void Login(
        this ILogger log, string session, Net.ListenerKind kind, System.Net.IPAddress remote, string mechanism, string address);

    [LoggerMessage(3005, LogLevel.Error, "the new password record of {Address} was not stored; the old hash stays until the next login")]
    public static partial void RehashNotStored(this ILogger log, Exception e, string address);

    [LoggerMessage(3006, LogLevel.Information, "password record of {Address} made from its old hash")]
    public static partial void Rehashed(this ILogger log, string address);

    [LoggerMessage(3007, LogLevel.Error, "app password {Id} cannot be read: it lets nobody in")]
    public static partial void AppPasswordUnreadable(this ILogger log, string id);

    [LoggerMessage(3008, LogLevel.Information,
        "login: session {Session} {Kind} from {Remote} mechanism {Mechanism} account {Address} by app password {Name}")]
    public static partial void LoginByAppPassword(this ILogger log, string session, Net.ListenerKind kind, System.Net.IPAddress remote,
        string mechanism, string address, string name);

    [LoggerMessage(
        3009, LogLevel.Error,
        "the OpenID provider {Issuer} is no help: {Reason}; logins by token fail or go on with its last keys, other logins are not touched")]
    public static partial void ProviderAway(this ILogger log, string issuer, string reason);

    [LoggerMessage(3010, LogLevel.Information, "the OpenID provider {Issuer} answers again")]
    public static partial void ProviderBack(this ILogger log, string issuer);

    [LoggerMessage(3011, LogLevel.Error,
        "the second factor of account {Account} cannot be read: no code is right until it is disabled and enabled again")]
    public static partial void SecondFactorUnreadable(this ILogger log, long account);

    [LoggerMessage(3012, LogLevel.Error, "passkey {Id} cannot be read: it lets nobody in")]
    public static partial void PasskeyUnreadable(this ILogger log, string id);

    [LoggerMessage(3013, LogLevel.Warning, "a session of account {Account} in the webmail cannot be read: it is over")]
    public static partial void WebSessionUnreadable(this ILogger log, long account);

    [LoggerMessage(3014, LogLevel.Error, "a session of the webmail was not written and would not outlive a restart now: {Problem}")]
    public static partial void WebSessionNotWritten(this ILogger log, string problem);
}
