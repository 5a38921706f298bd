using Aviso.Base;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>One connection's conversation: the loop, the limits, and the state that outlives a command.</summary>
internal sealed partial class SmtpSession(SmtpServer server, WireConnection connection)
{
    // RFC 5321 §4.5.3.1.4 says 512, and each extension adds its own; RFC 4954 §4.3 wants 12,288 for AUTH.
    private const int LongestCommand = 4 * 1024;
    private const int LongestAuthLine = 12_288 + 16;

    // Octets of replies to one group of commands that may wait for its end: a peer that never stops must also read.
    private const int MostHeldBack = 4 * 1024;

    private readonly SmtpServerOptions _options = server.Options;
    private readonly string _kind = ListenerKinds.Name(connection.Origin.Kind);
    private readonly LineSession _line = new(connection, server.Clock, server.Log, server.Limits);

    private string _helo = "";
    private bool _extended;
    private Principal? _login;
    private OpenTransaction? _transaction;
    private int _transactions, _idleCommands, _refusedRecipients;
    private long _octetsBeforeLogin;
    private string _verb = "";
    private int _heldBack;

    // Since the last MAIL: it was refused, so what was sent ahead behind it is refused with it; recipients refused.
    private bool _mailRefused;
    private int _recipientsRefusedHere;

    private bool IsLmtp => connection.Origin.Kind == ListenerKind.Lmtp;

    private bool IsSubmission => connection.Origin.Kind is ListenerKind.Submission or ListenerKind.Submissions;

    private bool IsTooOld => _line.Age > _options.SessionTime;

    private string HelloVerb => IsLmtp ? "LHLO" : "EHLO";

    public async Task RunAsync()
    {
        // LMTP is a neighbour's.
        connection.KeepsLongLines = !IsLmtp;
        try
        {
            if (await TalksFirst())
            {
                await Flush();
                return;
            }
            await Say((IsLmtp ? Replies.GreetingLmtp : Replies.Greeting).With(_options.HostName));
            while (await NextAsync())
            {
            }
            await Flush();
        }
        finally
        {
            BreakOff();
        }
    }

    // RFC 5321 §4.3.1: the client waits for the greeting. A wait on the heartbeat: no thread, no timer, no buffer. True: it is over.
    private async ValueTask<bool> TalksFirst()
    {
        var pause = server.Guard.GreetingPause(connection.Origin);
        if (pause <= TimeSpan.Zero) return false;
        switch ((await connection.PeekAsync(pause)).Status)
        {
            case ReadStatus.TimedOut: return false;
            case ReadStatus.Complete:
                await End(Replies.EarlyTalker, Reason.EarlyTalker);
                return true;
            default: return true;
        }
    }

    // One line, one command. False when the session is over.
    private async ValueTask<bool> NextAsync()
    {
        _verb = "";
        // RFC 2920 §3.2: replies to a group go out together; but none waits for the rest of a line.
        if ((_heldBack > MostHeldBack || !connection.HasLine) && !await Flush()) return false;
        var read = await connection.ReadLineAsync(LongestAuthLine, _options.CommandPatience, betweenCommands: _transaction is null);
        switch (read.Status)
        {
            case ReadStatus.Closed: return false;
            case ReadStatus.TimedOut: return await End(Replies.TimedOut, Reason.Timeout);
            case ReadStatus.Evicted: return await End(Replies.TooSlow, Reason.TooSlow);
            case ReadStatus.Draining: return await End(Replies.Draining, Reason.Draining);
            case ReadStatus.TooLong: return await TooLong(Replies.LineTooLong);
        }
        // A line that ends in LF alone is how mail is smuggled past others: nothing after it can be trusted.
        if (!read.EndedByCrLf) return await End(Replies.BareLineFeed, Reason.BareLineFeed);
        if (IsTooOld) return await End(Replies.SessionTooLong, Reason.SessionTime);
        if (!server.Guard.AllowsCommand(connection.Origin)) return await End(Replies.TooManyCommands, Reason.CommandRate);
        if (IsSubmission && _login is null && (_octetsBeforeLogin += read.Line.Length) > _options.OctetsBeforeLogin)
            return await End(Replies.TooMuchBeforeLogin, Reason.OctetsBeforeLogin);
        try
        {
            return await RunAsync(read.Line);
        }
        catch (OperationCanceledException) when (connection.Aborted.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception fault)
        {
            // In the middle of a message its octets would be taken for commands: then this reply is the last.
            await Say(Fault(fault));
            if (_inOctets) connection.End(Reason.OwnFault);
            return !_inOctets;
        }
    }

    private ValueTask<bool> RunAsync(ReadOnlyMemory<byte> line)
    {
        var command = SmtpCommand.Find(line, out var argument);
        _verb = command?.Verb ?? "";
        if (FormError(line) is { } unreadable)
        {
            // The octets of a chunk follow, and nobody knows how many.
            return _verb == "BDAT" ? End(unreadable, Reason.BadChunk) : RefuseOutOfStep(unreadable);
        }
        // A browser or a proxy scan that was pointed at this port: nothing of SMTP follows.
        if (command is null && HttpLine.IsOne(line.Span)) return End(Replies.TooManyBadCommands, Reason.NonSmtpCommand);
        if (command is null) return Bad(Replies.UnknownCommand);
        if (!command.When.HasFlag(When.Progress)) _idleCommands++;
        if (_idleCommands > _options.IdleCommands) return End(Replies.TooManyIdleCommands, Reason.IdleCommands);
        if (OutOfPlace(command) is { } misplaced) return RefuseOutOfStep(misplaced);
        return command.Check(this) is { } refused ? RefuseOutOfStep(refused) : command.Proceed(this, argument);
    }

    // Who has not logged in is answered and sent away; nobody waits for the end of such a line.
    private ValueTask<bool> TooLong(Reply reply) =>
        connection.KeepsLongLines ? End(reply, IsSubmission ? Reason.OctetsBeforeLogin : Reason.LineTooLong) : Bad(reply);

    private Reply? FormError(ReadOnlyMemory<byte> line)
    {
        if (line.Length > LongestCommand && _verb != "AUTH") return Replies.LineTooLong;
        return line.Span.ContainsAnyInRange((byte)0, (byte)31) || line.Span.Contains((byte)127) ? Replies.NotACommandLine : null;
    }

    // RFC 2920 §3.1: DATA ends a group. What a client sent behind a DATA that is refused is its message, never commands.
    private async ValueTask<bool> RefuseOutOfStep(Reply refused)
    {
        if (!await (IsSentAhead(refused) ? RefuseSentAhead(refused) : Bad(refused))) return false;
        return _verb != "DATA" || !connection.HasBuffered || await End(Replies.OutOfStep, Reason.OutOfStep);
    }

    // The rest of a group whose MAIL or RCPTs were refused: no mistake of the client, which could not know. Bounded as idle.
    private bool IsSentAhead(Reply refused) =>
        refused == Replies.NoValidRecipients || (_mailRefused && refused == Replies.MailFirst);

    private ValueTask<bool> RefuseSentAhead(Reply refused)
    {
        _idleCommands++;
        return Say(refused);
    }

    private Reply? OutOfPlace(SmtpCommand command)
    {
        var when = command.When;
        if (when.HasFlag(When.Greeted) && _helo.Length == 0) return Replies.HelloFirst.With(HelloVerb);
        if (when.HasFlag(When.LoggedIn) && NotLoggedIn() is { } first) return first;
        if (when.HasFlag(When.NoTransaction) && _transaction is not null) return Replies.NestedMail;
        return when.HasFlag(When.Transaction) && _transaction is null ? Replies.MailFirst : null;
    }

    // RFC 6409 §4.3 with RFC 3207 §4: on submission nothing goes before login, and no login before TLS.
    private Reply? NotLoggedIn()
    {
        if (!IsSubmission || _login is not null) return null;
        return connection.Tls is null && !connection.Origin.ClearLoginAllowed ? Replies.TlsFirst : Replies.LoginFirst;
    }

    /// <summary>Says a reply and goes on; it is sent when the group of commands ends. False after 421: the session is over.</summary>
    public ValueTask<bool> Say(Reply reply)
    {
        _heldBack += reply.WriteTo(connection.Output);
        SmtpMeters.Replied(_kind, reply);
        return new(reply.Code != 421);
    }

    /// <summary>A no of ours that is the message's fault, not the client's behaviour: logged, not counted against it.</summary>
    private ValueTask<bool> Refuse(Reply reply, string cause)
    {
        if (connection.Origin.IsInternal) _line.Refused(reply.ToString(), $"{_verb} {cause}", Names);
        else server.Log.Refused(connection.Id, connection.Origin.Remote.Address, _helo, _verb, reply, cause, _transaction?.Sender.ToString() ?? "");
        return Say(reply);
    }

    /// <summary>A command that was not understood or out of place.</summary>
    private ValueTask<bool> Bad(Reply reply) =>
        _line.IsOneBadTooMany() ? End(Replies.TooManyBadCommands, Reason.BadCommands) : Refuse(reply, "form or order");

    private LineNames Names => new(_helo, _transaction?.Sender.ToString(), _transaction?.Recipients.FirstOrDefault()?.ToString());

    /// <summary>The last reply of the session.</summary>
    private async ValueTask<bool> End(Reply reply, Reason reason)
    {
        _line.End(reason, reply.ToString(), Names);
        if (!connection.Origin.IsInternal || !reason.IsDrop) server.Log.Closed(connection.Id, connection.Origin.Remote.Address, _helo, reply);
        await Say(reply);
        return false;
    }

    /// <summary>Our own fault: temporary, with an id that is also in the log (style.md "Saying no"). What stood keeps standing:
    /// a recipient that failed must not make its neighbours out of place.</summary>
    private Reply Fault(Exception fault)
    {
        var reference = LineSession.NewFaultId();
        server.Log.Faulted(fault, connection.Id, _verb, reference);
        return Replies.OwnFault.With(reference);
    }

    private ValueTask<bool> Flush()
    {
        _heldBack = 0;
        return connection.FlushAsync(_options.ReplyPatience);
    }

    /// <param name="said">The reply that ends the transaction before its message is whole.</param>
    private void Reset(string said = "")
    {
        _transaction?.Receiving.End(said);
        _transaction = null;
        _mailRefused = false;
        _recipientsRefusedHere = 0;
        _body?.Dispose();
        _body = null;
    }

    private void BreakOff()
    {
        if (_transaction is { } open)
            server.Log.BrokenOff(connection.Id, open.Sender.ToString(), _body?.Length ?? 0, open.Recipients.Count);
        Reset();
    }

    // RFC 3848 §2 and RFC 6531 §4.3: what the Received field says of the transmission. The marks for TLS and AUTH are of ESMTP.
    private string Protocol(bool utf8)
    {
        if (!_extended) return "SMTP";
        var name = (utf8, IsLmtp) switch
        {
            (true, true) => "UTF8LMTP",
            (true, false) => "UTF8SMTP",
            (false, true) => "LMTP",
            _ => "ESMTP",
        };
        return $"{name}{(connection.Tls is null ? "" : "S")}{(_login is null ? "" : "A")}";
    }
}
