using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Log events of what accounts send to others, 4080-4089.</summary>
internal static partial class SendingLog
{
    [LoggerMessage(4080, LogLevel.Warning,
        "mail of {Account} to others is held: {New} new recipients within an hour, usual are {Usual}; `aviso account release` when it is right")]
    public static partial void MailHeld(this ILogger log, string account, int @new, double usual);

    [LoggerMessage(4081, LogLevel.Warning, "mail of {Account} to others is released")]
    public static partial void MailReleased(this ILogger log, string account);

    [LoggerMessage(4082, LogLevel.Error, "what an account may send holds now but is not in the store and will not survive a restart: {Error}")]
    public static partial void LimitsNotKept(this ILogger log, string error);
}
