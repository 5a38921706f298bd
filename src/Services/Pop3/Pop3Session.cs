using System.Diagnostics.CodeAnalysis;
using Aviso.Base;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Pop3;

/// <summary>One connection: state, and the loop read - run - answer. Commands are in Commands/, the table in
/// <see cref="CommandTable"/>.</summary>
internal sealed class Pop3Session
{
    private readonly LineSession _line;
    private Actor? _actor;
    private long _heard;

    public Pop3Session(Pop3Server server, WireConnection connection)
    {
        (Server, Connection) = (server, connection);
        Writer = new(connection, server.Options.WritePatience);
        _line = new(connection, server.Clock, server.Log, server.Limits);
        _heard = server.Clock.GetTimestamp();
        connection.KeepsLongLines = true;
    }

    public Pop3Server Server { get; }

    public WireConnection Connection { get; }

    public ReplyWriter Writer { get; }

    public CancellationToken Cancel => Connection.Aborted;

    public Principal? Who { get; private set; }

    public AccountId Account { get; private set; }

    /// <summary>How long the client may take for its next line.</summary>
    public TimeSpan Patience() => _line.Patience(Server.Options.Autologout);

    /// <summary>Null before the login.</summary>
    public Maildrop? Drop { get; private set; }

    /// <summary>What USER said.</summary>
    public string? User { get; set; }

    /// <summary>RFC 6856 §2.1: headers may be UTF-8.</summary>
    public bool Utf8 { get; set; }

    /// <summary>Set by QUIT and by whatever else ends the conversation.</summary>
    public bool Over { get; set; }

    /// <summary>Since the client said something, or took what it had asked for.</summary>
    public TimeSpan Silence => Server.Clock.GetElapsedTime(Volatile.Read(ref _heard));

    private static Reply LoginLate => Reply.Bye(Reason.Timeout, "Log in faster", "SYS/TEMP");

    public async Task RunAsync()
    {
        Writer.Reply(Reply.Ok($"{Server.Options.HostName} POP3 ready"));
        while (!Over && !Writer.Broken)
        {
            if (!Connection.HasBuffered) await Writer.FlushAsync();
            else await Writer.GoOnAsync();
            if (Writer.Broken) break;
            if (_line.IsLoginLate)
            {
                Answer(LoginLate);
                break;
            }
            var read = await Connection.ReadLineAsync(Server.Options.Line, Patience(), betweenCommands: true);
            Heard();
            switch (read.Status)
            {
                case ReadStatus.Complete:
                    await RunCommandAsync(read.Line);
                    break;
                case ReadStatus.TooLong:
                    // Who has not logged in is answered and sent away; nobody waits for the end of such a line.
                    Answer(Drop is null ? Reply.Bye(Reason.OctetsBeforeLogin, "The line is too long") : Reply.Bad("The line is too long"));
                    break;
                case ReadStatus.TimedOut when Drop is null:
                    Answer(LoginLate);
                    break;
                case ReadStatus.TimedOut:
                    // RFC 1939 §3: no reply, and nothing is removed.
                    _line.End(Reason.Autologout, "");
                    Over = true;
                    break;
                case ReadStatus.Draining:
                    Answer(Reply.Bye(Reason.Draining, "The server is stopping; nothing was removed", "SYS/TEMP"));
                    break;
                default:
                    Over = true;
                    break;
            }
        }
        await Writer.FlushAsync();
    }

    /// <summary>The client is alive.</summary>
    public void Heard() => Volatile.Write(ref _heard, Server.Clock.GetTimestamp());

    private async ValueTask RunCommandAsync(ReadOnlyMemory<byte> line)
    {
        Actor.Current = _actor;
        var command = Command.Of(line.Span);
        if (CommandTable.Find(command.Name) is not { } entry)
        {
            Answer(HttpLine.IsOne(line.Span) ? Reply.Bye(Reason.NonSmtpCommand, "This is a mail server") : Reply.Bad("Unknown command"));
            return;
        }
        var reply = (entry.When & (Drop is null ? When.Authorization : When.Transaction)) == 0
            ? Reply.Bad(Drop is null ? "Log in first" : "Already logged in")
            : await GuardedAsync(entry, command);
        Pop3Meters.Commands.Add(1, new KeyValuePair<string, object?>("command", entry.Name));
        if (!reply.IsBad && Drop is not null) _line.ForgetBad();
        Answer(reply);
    }

    private async ValueTask<Reply> GuardedAsync(CommandEntry entry, Command command)
    {
        try
        {
            return await entry.Run(this, command);
        }
        catch (OperationCanceledException) when (Cancel.IsCancellationRequested)
        {
            Over = true;
            return Reply.Silent;
        }
        catch (LoginOverloadException)
        {
            return Reply.No("SYS/TEMP", "Too many logins wait; try again in a moment");
        }
        catch (Exception e)
        {
            var id = LineSession.NewFaultId();
            Pop3Meters.Faults.Add(1);
            Pop3Log.Fault(Server.Log, e, id, Connection.Id, entry.Name);
            if (Writer.IsInLines)
            {
                // What is said now would be taken for a line of the message: the client must see that it is not whole.
                Over = true;
                return Reply.Silent;
            }
            return Reply.No("SYS/TEMP", "Internal fault " + id);
        }
    }

    private void Answer(Reply reply)
    {
        if (reply.Status == ReplyStatus.Silent) return;
        Writer.Reply(reply);
        if (reply.Ends is { } reason)
        {
            _line.End(reason, "-ERR " + reply.Text);
            Over = true;
            return;
        }
        if (reply.IsBad) _line.Refused("-ERR " + reply.Text, reply.Code);
        if (reply.IsBad && _line.IsOneBadTooMany()) Answer(Reply.Bye(Reason.BadCommands, "Too many bad commands"));
    }

    /// <summary>One of our own machines was told no for something that its owner has to change.</summary>
    public void Refused(Reply reply) => _line.Refused("-ERR " + reply.Text, reply.Code);

    /// <summary>One more failed login; true: the session ends.</summary>
    public bool FailsOnceTooOften() => _line.IsOneFailureTooMany();

    /// <summary>RFC 1939 §4: the TRANSACTION state begins with the maildrop as it is now. Null, or why not.</summary>
    public async ValueTask<Reply?> TryEnterAsync(Principal who)
    {
        var account = new AccountId(who.Account);
        if (!Server.Places.TryEnter(who.Account, Connection.Origin.Remote.Address))
        {
            Pop3Log.TooManySessions(Server.Log, Connection.Id, who.Address, Connection.Origin.Remote.Address);
            return Reply.No("SYS/TEMP", "Too many sessions of this user from this address");
        }
        (Who, Account) = (who, account);
        if (!Server.Locks.TryTake(account, this)) return await LeaveForAsync(
            Reply.No("IN-USE", "Another session has the maildrop; try again"));
        if (await OpenAsync(account) is not { } drop) return await LeaveForAsync(Reply.No("SYS/TEMP", "There is no inbox"));
        Drop = drop;
        _actor = new("pop3", "", who.Scope?.Name ?? "", Connection.Origin.Remote.Address);
        Connection.Login = who;
        Connection.KeepsLongLines = false;
        Pop3Log.LoggedIn(Server.Log, Connection.Id, who.Address, Connection.Origin.Remote.Address, drop.Last);
        return null;
    }

    private async ValueTask<Maildrop?> OpenAsync(AccountId account)
    {
        if (await Server.Store.FindMailboxAsync(account, "INBOX", Cancel) is not { } inbox) return null;
        return await Server.Store.ViewAsync(account, inbox.Id, Cancel) is { } view ? new(inbox.Id, view) : null;
    }

    private async ValueTask<Reply> LeaveForAsync(Reply reply)
    {
        await LeaveAsync();
        return reply;
    }

    /// <summary>However the session ends: what was fetched is read, the maildrop is free. Nothing is removed here.</summary>
    public async ValueTask LeaveAsync()
    {
        if (Who is not { } who) return;
        Who = null;
        try
        {
            if (Drop is { } drop) await MarkReadAsync(drop, who);
        }
        finally
        {
            Server.Locks.GiveBack(Account, this);
            Server.Places.Leave(who.Account, Connection.Origin.Remote.Address);
            Connection.Login = null;
        }
    }

    /// <summary>The maildrop is still this session's: it was not taken over while its client was silent.</summary>
    [MemberNotNullWhen(true, nameof(Drop))]
    public bool HasDrop => Drop is not null && Server.Locks.Has(Account, this);

    private async ValueTask MarkReadAsync(Maildrop drop, Principal who)
    {
        var fetched = drop.TakeFetched();
        if (fetched.Count == 0 || !Server.Options.MarksRead || who.Scope is { MayChange: false }) return;
        Actor.Current = _actor;
        // The client may be gone, and what it has fetched is read all the same.
        await Server.Store.StoreFlagsAsync(
            Account, drop.Inbox, fetched, new(FlagOperation.Add, SystemFlags.Seen, []), null, CancellationToken.None);
    }
}
