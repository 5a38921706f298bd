using System.Text;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>
/// One conversation: the loop, the order of commands and the counting of what strangers do wrong. Each group of commands has
/// its own file: Hello (EHLO, STARTTLS, the small ones), Auth, Envelope (MAIL, RCPT, RSET), Data (DATA, BDAT).
/// </summary>
internal sealed partial class SmtpSession(SmtpContext context, WireConnection connection) : IDisposable
{
    // RFC 5321 §4.5.3.1.4 with what SIZE, DSN (RFC 3461 §4), AUTH= (RFC 4954 §5) and SMTPUTF8 add.
    private const int LongestCommand = 2_048;

    // RFC 4954 §4
    private const int LongestAuthLine = 12_288;

    // A peer that pipelines without end gets its replies in pieces of this size.
    private const int MostUnflushed = 16 * 1024;

    private readonly SmtpServerOptions _options = context.Options;
    private readonly string _kind = SmtpMeters.Name(connection.Origin.Kind);
    private readonly long _started = context.Clock.GetTimestamp();

    // The command in hand: set by the loop and by checks, read by the proceeding half of the same command.
    private Verb? _verb;
    private ReadOnlyMemory<byte> _argument;

    // Who the client is.
    private string? _helo;
    private bool _extended;
    private Principal? _login;

    // The mail transaction; dropping it is the reset.
    private OpenTransaction? _transaction;

    private bool _closing;
    private int _unflushed;
    private int _bad;
    private int _idle;
    private int _transactions;
    private int _refusedRecipients;
    private int _failedLogins;
    private int _faults;
    private long _octetsBeforeLogin;

    private ListenerKind Kind => connection.Origin.Kind;

    private bool IsLmtp => Kind == ListenerKind.Lmtp;

    private bool IsSubmission => Kind is ListenerKind.Submission or ListenerKind.Submissions;

    public async Task RunAsync()
    {
        Say((IsLmtp ? Replies.GreetingLmtp : Replies.Greeting).With(_options.Hostname));
        while (!_closing)
        {
            if (context.Clock.GetElapsedTime(_started) > _options.SessionTime)
            {
                Close(Replies.SessionTooLong);
                break;
            }
            if (!await FlushBeforeWaitingAsync()) return;
            // A stopping server lets the transaction in hand finish.
            var read = await connection.ReadLineAsync(
                LongestAuthLine, _options.CommandPatience, betweenCommands: _transaction is null);
            if (read.Status == ReadStatus.Closed) return;
            await TakeAsync(read);
        }
        await connection.FlushAsync(_options.ReplyPatience);
    }

    public void Dispose() => DropTransaction();

    // RFC 2920 §3.2: replies go out together once nothing more waits to be read.
    private ValueTask<bool> FlushBeforeWaitingAsync()
    {
        if (_unflushed < MostUnflushed && connection.HasBuffered) return new(true);
        return FlushAsync();
    }

    private ValueTask<bool> FlushAsync()
    {
        if (_unflushed == 0) return new(true);
        _unflushed = 0;
        return connection.FlushAsync(_options.ReplyPatience);
    }

    private ValueTask TakeAsync(in LineRead read)
    {
        switch (read.Status)
        {
            case ReadStatus.TimedOut:
                Close(Replies.TimedOut);
                return default;
            case ReadStatus.Draining:
                Close(Replies.Draining);
                return default;
            case ReadStatus.TooLong:
                Refuse(Replies.LineTooLong);
                return default;
            default:
                return CommandAsync(read);
        }
    }

    private ValueTask CommandAsync(in LineRead read)
    {
        var line = read.Line;
        // Two programs that disagree about where a line ends are how commands are smuggled: no guessing.
        if (!read.EndedByCrLf)
        {
            Close(Replies.BareLineFeed);
            return default;
        }
        if (IsSubmission && _login is null && (_octetsBeforeLogin += line.Length) > _options.OctetsBeforeLogin)
        {
            Close(Replies.TooMuchBeforeLogin);
            return default;
        }
        if (line.Span.IndexOfAnyInRange((byte)0, (byte)31) >= 0 && HoldsControls(line.Span))
        {
            Refuse(Replies.NotACommandLine);
            return default;
        }
        var space = line.Span.IndexOf((byte)' ');
        var word = space < 0 ? line : line[..space];
        _verb = SmtpVerbs.Find(word.Span);
        _argument = space < 0 ? default : line[(space + 1)..];
        if (line.Length > LongestCommand && _verb?.Name != "AUTH")
        {
            Refuse(Replies.LineTooLong);
            return default;
        }
        return _verb is null ? RefusedAsync(Replies.UnknownCommand) : VerbAsync(_verb);
    }

    private async ValueTask VerbAsync(Verb verb)
    {
        if (verb.When.HasFlag(When.Idle) && ++_idle > _options.IdleCommands)
        {
            Close(Replies.TooManyIdleCommands);
            return;
        }
        try
        {
            if ((CheckWhen(verb.When) ?? verb.Check(this)) is { } refusal) await RefusedAsync(refusal);
            else await verb.Proceed(this);
        }
        catch (OperationCanceledException) when (connection.Aborted.IsCancellationRequested)
        {
            _closing = true;
        }
        catch (Exception fault)
        {
            Say(FaultReply(fault));
        }
    }

    private Reply? CheckWhen(When when)
    {
        if (when.HasFlag(IsLmtp ? When.Smtp : When.Lmtp)) return Replies.UnknownCommand;
        if (when.HasFlag(When.Bare) && !_argument.Span.TrimEnd((byte)' ').IsEmpty) return Replies.NoArgument;
        if (when.HasFlag(When.Greeted) && _helo is null) return Replies.HelloFirst.With(IsLmtp ? "LHLO" : "EHLO");
        if (when.HasFlag(When.MayMail) && IsSubmission && _login is null)
            return connection.Tls is null && !connection.Origin.ClearLoginAllowed ? Replies.TlsFirst : Replies.LoginFirst;
        if (when.HasFlag(When.NoTransaction) && _transaction is not null) return Replies.NestedMail;
        if (when.HasFlag(When.Transaction) && _transaction is null) return Replies.MailFirst;
        if (when.HasFlag(When.Recipients)) return CheckRecipients();
        return null;
    }

    // RFC 5321 §4.1.1.4 leaves 503 or 554; RFC 2033 §4.2 wants 503 in LMTP.
    private Reply? CheckRecipients() =>
        _transaction!.Mail.Recipients.Count > 0 ? null
        : _transaction.Refused > 0 && !IsLmtp ? Replies.NoValidRecipients
        : Replies.RecipientFirst;

    // --- saying things ---------------------------------------------------------------------------------------------

    internal ValueTask SayAsync(Reply reply)
    {
        Say(reply);
        return default;
    }

    private void Say(Reply reply)
    {
        _unflushed += reply.WriteTo(connection.Output);
        SmtpMeters.Replied(_kind, reply);
    }

    private ValueTask RefusedAsync(Reply refusal)
    {
        Refuse(refusal);
        // What comes after a refused DATA may be the message of a peer that did not wait; it must not run as commands.
        if (_verb is { } verb && verb.When.HasFlag(When.LastInGroup) && !_closing && connection.HasBuffered)
            Close(Replies.OutOfStep);
        return default;
    }

    // A no about form or order; too many end the session.
    private void Refuse(Reply refusal)
    {
        Say(refusal);
        context.Log.Refused(connection.Id, _verb?.Name ?? "?", refusal.ToString(), "protocol");
        if (++_bad >= _options.BadCommands) Close(Replies.TooManyBadCommands);
    }

    private void Close(Reply last)
    {
        Say(last);
        _closing = true;
        connection.EndReason = last.Text;
        context.Log.Closed(connection.Id, last.ToString());
    }

    // style.md "Saying no": our own fault is caught at the command boundary and told with an id.
    private Reply FaultReply(Exception fault)
    {
        var reference = $"{connection.Id}-{++_faults}";
        context.Log.Faulted(fault, connection.Id, _verb?.Name ?? "?", reference);
        return Replies.OwnFault.With(reference);
    }

    // Tab is a space to some senders; everything else below space has no place in a command.
    private static bool HoldsControls(ReadOnlySpan<byte> line)
    {
        foreach (var c in line)
        {
            if (c is < 32 and not (byte)'\t') return true;
        }
        return false;
    }

    private string Text(ReadOnlyMemory<byte> octets) => Encoding.ASCII.GetString(octets.Span);
}
