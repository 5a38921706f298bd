using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>What learning logs; ids 5250 to 5299.</summary>
internal static partial class LearningLog
{
    [LoggerMessage(5250, LogLevel.Information, "spam filter: trained from {Ham} ham and {Spam} spam messages in {Milliseconds:0} ms")]
    public static partial void Trained(this ILogger log, int ham, int spam, double milliseconds);

    [LoggerMessage(5251, LogLevel.Error, "spam filter: training failed, the last model stays in use")]
    public static partial void TrainingFailed(this ILogger log, Exception error);

    [LoggerMessage(5252, LogLevel.Information, "spam filter: account {Account} says message {Email} is {Class}")]
    public static partial void Taught(this ILogger log, string account, string email, string @class);

    [LoggerMessage(
        5253, LogLevel.Error, "spam filter: what account {Account} moved into or out of Junk could not be learned; it is tried again")]
    public static partial void LearningFailed(this ILogger log, string account, Exception error);
}
