using Microsoft.Extensions.Logging;

namespace Aviso.Smtp;

/// <summary>What this folder logs. Never an argument of AUTH; accepted messages are Delivery's to log, connections Net's.</summary>
internal static partial class SmtpLog
{
    [LoggerMessage(2001, LogLevel.Information, "{Session} {Verb} refused: {Reply}; {Cause}")]
    public static partial void Refused(this ILogger log, string session, string verb, string reply, string cause);

    [LoggerMessage(2002, LogLevel.Error, "{Session} {Verb} fault {Reference}")]
    public static partial void Faulted(this ILogger log, Exception fault, string session, string verb, string reference);

    [LoggerMessage(2003, LogLevel.Information, "{Session} login by {Mechanism} as {Address}")]
    public static partial void LoggedIn(this ILogger log, string session, string mechanism, string address);

    [LoggerMessage(2004, LogLevel.Information, "{Session} login by {Mechanism} failed: {Reason}")]
    public static partial void LoginFailed(this ILogger log, string session, string mechanism, string reason);

    [LoggerMessage(2005, LogLevel.Information, "{Session} closed: {Reply}")]
    public static partial void Closed(this ILogger log, string session, string reply);

    [LoggerMessage(2006, LogLevel.Information, "{Session} transaction from <{Sender}> broke off after {Octets} octets for {Recipients} recipients")]
    public static partial void BrokenOff(this ILogger log, string session, string sender, long octets, int recipients);
}
