using System.Text;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>One connection's conversation: the loop, the limits, and the state that outlives a command.</summary>
internal sealed partial class SmtpSession(SmtpServer server, WireConnection connection)
{
    // RFC 5321 §4.5.3.1.4 says 512, and each extension adds its own; RFC 4954 §4.3 wants 12,288 for AUTH.
    private const int LongestCommand = 4 * 1024;
    private const int LongestAuthLine = 12_288 + 16;

    private readonly SmtpServerOptions _options = server.Options;
    private readonly string _kind = SmtpMeters.Name(connection.Origin.Kind);
    private readonly long _began = server.Clock.GetTimestamp();

    private string _helo = "";
    private bool _extended;
    private Principal? _login;
    private MailTransaction? _transaction;
    private IncomingBody? _chunks;
    private int _transactions, _badCommands, _idleCommands, _refusedRecipients, _failedLogins;
    private long _octetsBeforeLogin;
    private string _verb = "";

    private bool IsLmtp => connection.Origin.Kind == ListenerKind.Lmtp;

    private bool IsSubmission => connection.Origin.Kind is ListenerKind.Submission or ListenerKind.Submissions;

    private string HelloVerb => IsLmtp ? "LHLO" : "EHLO";

    public Reply Help { get; } = Replies.Help.With(string.Join(' ', SmtpCommand.All.Select(command => command.Verb)));

    public async Task RunAsync()
    {
        try
        {
            if (!await Say((IsLmtp ? Replies.GreetingLmtp : Replies.Greeting).With(_options.Hostname))) return;
            while (await NextAsync())
            {
            }
            await connection.FlushAsync(_options.ReplyPatience);
        }
        finally
        {
            BreakOff();
        }
    }

    // One line, one command. False when the session is over.
    private async ValueTask<bool> NextAsync()
    {
        _verb = "";
        // RFC 2920 §3.2: replies to a group go out together.
        if (!connection.HasBuffered && !await connection.FlushAsync(_options.ReplyPatience)) return false;
        var read = await connection.ReadLineAsync(LongestAuthLine, _options.CommandPatience, betweenCommands: _transaction is null);
        switch (read.Status)
        {
            case ReadStatus.Closed: return false;
            case ReadStatus.TimedOut: return await End(Replies.TimedOut);
            case ReadStatus.Draining: return await End(Replies.Draining);
            case ReadStatus.TooLong: return await Bad(Replies.LineTooLong);
        }
        // A line that ends in LF alone is how mail is smuggled past others: nothing after it can be trusted.
        if (!read.EndedByCrLf) return await End(Replies.BareLineFeed);
        if (server.Clock.GetElapsedTime(_began) > _options.SessionTime) return await End(Replies.SessionTooLong);
        if (IsSubmission && _login is null && (_octetsBeforeLogin += read.Line.Length) > _options.OctetsBeforeLogin)
            return await End(Replies.TooMuchBeforeLogin);
        if (read.Line.Span.ContainsAnyInRange((byte)0, (byte)31) || read.Line.Span.Contains((byte)127))
            return await Bad(Replies.NotACommandLine);
        try
        {
            return await RunAsync(read.Line);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            return await Fault(fault);
        }
    }

    private ValueTask<bool> RunAsync(ReadOnlyMemory<byte> line)
    {
        var command = SmtpCommand.Find(line, out var argument);
        if (command is null) return Bad(Replies.UnknownCommand);
        _verb = command.Verb;
        if (line.Length > LongestCommand && _verb != "AUTH") return Bad(Replies.LineTooLong);
        if (OutOfPlace(command) is { } misplaced) return RefuseOutOfStep(misplaced);
        if (command.Check(this) is { } refused) return RefuseOutOfStep(refused);
        if (!command.When.HasFlag(When.Progress) && ++_idleCommands > _options.IdleCommands) return End(Replies.TooManyIdleCommands);
        return command.Proceed(this, argument);
    }

    // RFC 2920 §3.1: DATA ends a group. What a client sent behind a DATA that is refused is its message, never commands.
    private async ValueTask<bool> RefuseOutOfStep(Reply refused)
    {
        if (!await Bad(refused)) return false;
        return _verb != "DATA" || !connection.HasBuffered || await End(Replies.OutOfStep);
    }

    private Reply? OutOfPlace(SmtpCommand command)
    {
        var when = command.When;
        if (when.HasFlag(When.Greeted) && _helo.Length == 0) return Replies.HelloFirst.With(HelloVerb);
        // RFC 6409 §4.3 with RFC 3207 §4: on submission nothing goes before login, and no login before TLS.
        if (when.HasFlag(When.LoggedIn) && IsSubmission && _login is null)
            return connection.Tls is null && !connection.Origin.ClearLoginAllowed ? Replies.TlsFirst : Replies.LoginFirst;
        if (when.HasFlag(When.NoTransaction) && _transaction is not null) return Replies.NestedMail;
        return when.HasFlag(When.Transaction) && _transaction is null ? Replies.MailFirst : null;
    }

    /// <summary>Says a reply and goes on; it is sent when the group of commands ends.</summary>
    public ValueTask<bool> Say(Reply reply)
    {
        reply.WriteTo(connection.Output);
        SmtpMeters.Replied(_kind, reply);
        return new(true);
    }

    /// <summary>A no that is the message's fault, not the client's behaviour: logged, not counted against it.</summary>
    private ValueTask<bool> Refuse(Reply reply, string cause)
    {
        server.Log.Refused(connection.Id, _verb, reply.ToString(), cause);
        return Say(reply);
    }

    /// <summary>A command that was not understood or out of place.</summary>
    private ValueTask<bool> Bad(Reply reply)
    {
        if (++_badCommands > _options.BadCommands) return End(Replies.TooManyBadCommands);
        return Refuse(reply, "form or order");
    }

    /// <summary>The last reply of the session.</summary>
    private async ValueTask<bool> End(Reply reply)
    {
        connection.EndReason = reply.ToString();
        server.Log.Closed(connection.Id, reply.ToString());
        await Say(reply);
        return false;
    }

    /// <summary>Our own fault: temporary, with an id that is also in the log (style.md "Saying no").</summary>
    private ValueTask<bool> Fault(Exception fault)
    {
        var reference = Guid.NewGuid().ToString("N")[..12];
        server.Log.Faulted(fault, connection.Id, _verb, reference);
        Reset();
        return Say(Replies.OwnFault.With(reference));
    }

    private void Reset()
    {
        _transaction = null;
        _chunks?.Dispose();
        _chunks = null;
    }

    private void BreakOff()
    {
        if (_transaction is { } open)
            server.Log.BrokenOff(connection.Id, open.Sender.ToString(), _chunks?.Length ?? 0, open.Recipients.Count);
        Reset();
    }

    // RFC 3848 §2 and RFC 6531 §3.7.3 / §4.3: what the Received field says of the transmission
    private string Protocol(bool utf8)
    {
        var name = new StringBuilder(utf8 ? "UTF8" : "").Append(IsLmtp ? "LMTP" : utf8 || !_extended ? "SMTP" : "ESMTP");
        if (connection.Tls is not null) name.Append('S');
        if (_login is not null) name.Append('A');
        // HELO with TLS or AUTH cannot be: both need EHLO.
        return name.ToString();
    }
}
