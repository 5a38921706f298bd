using System.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Smtp;

/// <summary>
/// What this folder logs: its own refusals, faults and logins. Never an argument of AUTH. What the receiver accepts or refuses
/// is Delivery's to log, connections are Net's.
/// </summary>
internal static partial class SmtpLog
{
    [LoggerMessage(2001, LogLevel.Information, "{Session} {Verb} from {Client} helo {Helo} refused: {Reply}; {Cause}; sender <{Sender}>")]
    public static partial void Refused(
        this ILogger log, string session, IPAddress client, string helo, string verb, Reply reply, string cause, string sender);

    [LoggerMessage(2002, LogLevel.Error, "{Session} {Verb} fault {Reference}")]
    public static partial void Faulted(this ILogger log, Exception fault, string session, string verb, string reference);

    [LoggerMessage(2003, LogLevel.Information, "{Session} login from {Client} by {Mechanism} as {Address}")]
    public static partial void LoggedIn(this ILogger log, string session, IPAddress client, string mechanism, string address);

    [LoggerMessage(2004, LogLevel.Information, "{Session} login from {Client} by {Mechanism} as \"{User}\" failed: {Reason}")]
    public static partial void LoginFailed(
        this ILogger log, string session, IPAddress client, string mechanism, string user, string reason);

    [LoggerMessage(2005, LogLevel.Information, "{Session} from {Client} helo {Helo} closed: {Reply}")]
    public static partial void Closed(this ILogger log, string session, IPAddress client, string helo, Reply reply);

    [LoggerMessage(
        2006, LogLevel.Information, "{Session} transaction from <{Sender}> broke off after {Octets} octets for {Recipients} recipients")]
    public static partial void BrokenOff(this ILogger log, string session, string sender, long octets, int recipients);

    [LoggerMessage(2007, LogLevel.Information,
        "{Session} message from {Client} refused: {Reply}; {Cause}; sender <{Sender}> recipient <{Recipient}> of {Recipients}, {Octets} octets")]
    public static partial void MessageRefused(this ILogger log, string session, IPAddress client, Reply reply, string cause,
        string sender, string recipient, int recipients, long octets);
}
