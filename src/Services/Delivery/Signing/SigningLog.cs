using Microsoft.Extensions.Logging;

namespace Aviso.Delivery;

/// <summary>Log events of signing keys, 4150-4169.</summary>
internal static partial class SigningLog
{
    [LoggerMessage(4150, LogLevel.Warning, "signing key {Selector} of {Domain} cannot be used: {Problem}")]
    public static partial void KeyUnusable(this ILogger log, string domain, string selector, string problem);

    [LoggerMessage(4151, LogLevel.Information,
        "signing key {Selector} was made for {Domain}; it signs once its record is published (`aviso dkim list` shows it)")]
    public static partial void KeyMade(this ILogger log, string domain, string selector);

    [LoggerMessage(4152, LogLevel.Warning, "DKIM of {Domain}: {Problem}; `aviso dkim list` shows what to publish")]
    public static partial void KeyNotPublished(this ILogger log, string domain, string problem);

    [LoggerMessage(4153, LogLevel.Information, "DKIM of {Domain}: a message signed with {Selectors} verifies against the DNS")]
    public static partial void SignatureVerified(this ILogger log, string domain, string selectors);

    [LoggerMessage(
        4154, LogLevel.Error,
        "DKIM of {Domain}: a message signed with {Selector} does not verify against the DNS: {Result} {Problem}; receivers will distrust our mail")]
    public static partial void SignatureBroken(this ILogger log, string domain, string selector, string result, string problem);

    [LoggerMessage(4155, LogLevel.Error, "signing keys of {Domain} could not be checked")]
    public static partial void KeysFailed(this ILogger log, Exception e, string domain);
}
