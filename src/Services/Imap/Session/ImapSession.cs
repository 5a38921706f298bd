using Aviso.Base;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Imap;

/// <summary>
/// One connection: state, enabled extensions, and the loop read - run - report news - complete. Commands are in
/// Commands/, the table in <see cref="CommandTable"/>.
/// </summary>
internal sealed class ImapSession : IDisposable
{
    private readonly CommandReader _commands;
    private readonly LineSession _line;
    private Actor? _actor;

    public ImapSession(ImapServer server, WireConnection connection)
    {
        Server = server;
        Mailboxes = server.Store;
        Connection = connection;
        Writer = new(connection, server.Options.WritePatience);
        _line = new(connection, server.Clock, server.Log, server.Limits);
        _commands = new(this);
        connection.KeepsLongLines = true;
    }

    public ImapServer Server { get; }

    public WireConnection Connection { get; }

    public ResponseWriter Writer { get; }

    public ImapOptions Options => Server.Options;

    public IMailStore Store => Server.Store;

    public CancellationToken Cancel => Connection.Aborted;

    public Principal? Who { get; private set; }

    public AccountId Account { get; private set; }

    /// <summary>What the client calls itself (RFC 2971); empty when it did not.</summary>
    public string Program
    {
        get;
        set
        {
            field = value;
            if (Who is { } who) _actor = ActorOf(who);
        }
    } = "";

    /// <summary>What this login is limited to; null: nothing.</summary>
    public LoginScope? Scope => Who?.Scope;

    /// <summary>The mailbox tree as this login sees it.</summary>
    public IMailboxes Mailboxes { get; private set; }

    public bool LoggedIn => Who is not null;

    /// <summary>RFC 9698: where the same login finds the same mail by JMAP; null when it does not.</summary>
    public string? JmapSession => LoggedIn && Scope is null or { OpensJmap: true } ? Options.JmapSession : null;

    /// <summary>The selected mailbox, or null.</summary>
    public SelectedMailbox? Box { get; private set; }

    public SessionModes Modes { get; } = new();

    /// <summary>How this session's client writes names of mailboxes.</summary>
    public NameForm Utf8Names => new(Modes.Utf8, Writer.Naming);

    public NotifyWatch? Notify { get; set; }

    /// <summary>Set by LOGOUT and by whatever else ends the conversation.</summary>
    public bool Over { get; set; }

    public When State => !LoggedIn ? When.NotAuthenticated : Box is null ? When.Authenticated : When.Selected;

    /// <summary>How long the next read may take: all of the time before login is one minute (counted from the greeting).</summary>
    public TimeSpan ReadPatience(bool firstLine) => _line.Patience(firstLine ? Options.Autologout : Options.LiteralPatience);

    public async Task RunAsync()
    {
        Writer.Bytes("* OK ["u8);
        Capabilities.Write(Writer, this);
        Writer.Bytes("] "u8).Text(Options.HostName).Bytes(" IMAP ready\r\n"u8);
        while (!Over && !Writer.Broken)
        {
            if (!Connection.HasBuffered) await Writer.FlushAsync();
            else await Writer.BreatheAsync();
            if (Writer.Broken) break;
            if (_line.IsLoginLate)
            {
                Bye(Reason.Timeout, "Log in faster");
                break;
            }
            var line = Notify is null ? null : await Notify.WaitForLineAsync();
            switch (await ReadCommandAsync(line))
            {
                case CommandReadStatus.Complete:
                    await RunCommandAsync();
                    break;
                case CommandReadStatus.Refused:
                    Complete(_commands.HasTag ? _commands.Tag : "*", _commands.Problem);
                    CountBad(_commands.Problem);
                    break;
                case CommandReadStatus.LineTooLong:
                    Complete(_commands.HasTag ? _commands.Tag : "*", _commands.Problem);
                    Bye(Reason.OctetsBeforeLogin, _commands.Problem.Text);
                    break;
                case CommandReadStatus.Hopeless:
                    Bye(_commands.Why, _commands.Problem.Text);
                    break;
                case CommandReadStatus.TimedOut:
                    if (LoggedIn) Bye(Reason.Autologout, "Autologout: idle for too long");
                    else Bye(Reason.Timeout, "Log in faster");
                    break;
                case CommandReadStatus.Draining:
                    Bye(Reason.Draining, "The server is stopping");
                    break;
                default:
                    Over = true;
                    break;
            }
            _commands.Forget();
        }
        await Writer.FlushAsync();
    }

    private async ValueTask<CommandReadStatus> ReadCommandAsync(Task<LineRead>? line)
    {
        try
        {
            return await _commands.ReadAsync(line);
        }
        catch (OperationCanceledException) when (Cancel.IsCancellationRequested)
        {
            return CommandReadStatus.Closed;
        }
        catch (Exception e)
        {
            // A literal may be under way: nothing that follows can be told from commands.
            Bye(Reason.OwnFault, "Internal fault " + Fault(e, "reading a command"));
            return CommandReadStatus.Closed;
        }
    }

    private async ValueTask RunCommandAsync()
    {
        var octets = _commands.Octets;
        if (!TryHead(octets, out var entry, out var uid, out var argumentsAt) || entry is null)
        {
            if (HttpLine.IsOne(octets.Span))
            {
                Bye(Reason.NonSmtpCommand, "This is a mail server");
                return;
            }
            Complete(_commands.Tag, Completion.Bad(_commands.HasTag ? "Unknown command" : "A tag and a command are needed"));
            CountBad(Completion.Syntax);
            return;
        }
        var command = new Command(_commands.Tag, entry, uid, octets, argumentsAt, _commands.Bodies);
        var done = Refuses(command) ?? await GuardedAsync(command);
        ImapMeters.Commands.Add(1, new KeyValuePair<string, object?>("command", entry.Name));
        if (done.Status != CompletionStatus.Bad && LoggedIn) _line.ForgetBad();
        if (done.Status != CompletionStatus.Silent) Complete(command.Tag, done);
        CountBad(done);
    }

    private bool TryHead(ReadOnlyMemory<byte> octets, out CommandEntry? entry, out bool uid, out int argumentsAt)
    {
        var g = new Grammar(octets.Span, Utf8Names);
        var found = CommandHead.TryRead(ref g, out entry, out uid);
        argumentsAt = g.Position;
        return found && _commands.HasTag;
    }

    private Completion? Refuses(Command command)
    {
        var entry = command.Entry!;
        if ((entry.When & State) == 0)
        {
            return LoggedIn
                ? Completion.Bad(entry.When == When.NotAuthenticated ? "Already logged in" : "Select a mailbox first")
                : Completion.Bad("Log in first");
        }
        if (entry.Changes && Scope is { MayChange: false }) return Completion.NotAllowed;
        // RFC 9586 §3: after ENABLE UIDONLY message numbers are gone.
        if (Modes.UidOnly && entry.HasUid && !command.Uid && entry.Name != "EXPUNGE")
            return Completion.Bad("Message numbers are off (UIDONLY)", "UIDREQUIRED");
        return null;
    }

    private async ValueTask<Completion> GuardedAsync(Command command)
    {
        try
        {
            Actor.Current = _actor;
            var done = await command.Entry!.Run(this, command);
            var news = command.Entry.News;
            if (done.Status is CompletionStatus.Silent or CompletionStatus.Bad || Box is null || news == News.None) return done;
            await ReportNewsAsync(news == News.All || command.Uid);
            return Over ? Completion.Silent : done;
        }
        catch (OperationCanceledException) when (Cancel.IsCancellationRequested)
        {
            Over = true;
            return Completion.Silent;
        }
        catch (LoginOverloadException)
        {
            // RFC 5530 §3: temporary, and no word about the password.
            return Completion.No("UNAVAILABLE", "Too many logins wait; try again in a moment");
        }
        catch (Exception e)
        {
            var id = Fault(e, command.Entry!.Name);
            // Inside a literal nothing we could say would be understood.
            if (Writer.InLiteral)
            {
                Connection.End(Reason.OwnFault);
                Over = true;
                return Completion.Silent;
            }
            return Completion.No("SERVERBUG", "Internal fault " + id);
        }
    }

    /// <summary>Moves the session to the newest view of its mailbox and says what changed.</summary>
    public async ValueTask ReportNewsAsync(bool expunges)
    {
        if (Box is not { } box) return;
        var next = await Store.ViewAsync(Account, box.Id, Cancel);
        if (next is null || next.UidValidity != box.View.UidValidity)
        {
            Bye(Reason.MailboxGone, "The selected mailbox is gone");
            return;
        }
        if (ReferenceEquals(next, box.View)) return;
        if (!NewsReport.Write(Writer, box, next, Modes, expunges))
        {
            HighestModSeq(box, held: true);
            return;
        }
        if (box.NewsHeld) HighestModSeq(box, held: false);
        if (!box.ReadOnly && !Modes.Rev2 && box.View.FirstRecentUid < box.View.UidNext)
            box.AddRecent(await Store.ClaimRecentAsync(Account, box.Id, Cancel), box.View.UidNext);
        NewsReport.WriteCounts(Writer, box, Modes);
        foreach (var context in box.Contexts) await context.TellChangedAsync(this, box);
    }

    // RFC 7162 §3.2: while expunges are held back, MODSEQs that were told go beyond them. A client that came back with those would
    // never hear of the expunges: it is told to remember what it has seen whole.
    private void HighestModSeq(SelectedMailbox box, bool held)
    {
        box.NewsHeld = held;
        if (Modes.Condstore) Writer.Bytes("* OK [HIGHESTMODSEQ "u8).Number(Math.Max(box.View.HighestModSeq, 1)).Bytes("] Highest seen whole\r\n"u8);
    }

    public void LogIn(Principal who, MailboxNaming naming)
    {
        Writer.Naming = naming;
        Connection.Login = Who = who;
        Connection.KeepsLongLines = false;
        Account = new(who.Account);
        _actor = ActorOf(who);
        Mailboxes = who.Scope is { Mailboxes.Count: > 0 } scope ? new ScopedMailboxes(Store, scope) : Store;
    }

    private Actor ActorOf(Principal who) => new("imap", Program, who.Scope?.Name ?? "", Connection.Origin.Remote.Address);

    public void Select(SelectedMailbox? box) => Box = box;

    /// <summary>One more failed login; true: the session ends, and has been told so.</summary>
    public bool FailsOnceTooOften()
    {
        if (!_line.IsOneFailureTooMany()) return false;
        Bye(Reason.FailedLogins, "Too many failed logins");
        return true;
    }

    /// <summary>The last words of the session.</summary>
    public void Bye(Reason reason, string text)
    {
        _line.End(reason, "BYE " + text);
        Writer.Bytes("* BYE "u8).Text(text).Line();
        Over = true;
    }

    /// <summary>Logs our own fault; the id goes to the client too.</summary>
    public string Fault(Exception e, string doing)
    {
        var id = LineSession.NewFaultId();
        ImapMeters.Faults.Add(1);
        ImapLog.Fault(Server.Log, e, id, Connection.Id, Account, doing);
        return id;
    }

    private void Complete(string tag, Completion done)
    {
        Writer.Text(tag).Bytes(done.Status switch
        {
            CompletionStatus.Ok => " OK "u8,
            CompletionStatus.No => " NO "u8,
            _ => " BAD "u8,
        });
        if (done.Code.Length > 0) Writer.Byte('[').Text(done.Code).Bytes("] "u8);
        Writer.Text(done.Text).Line();
        ImapMeters.Replies.Add(1, new("kind", "imap"), new("code", done.Status));
        if (IsRefusal(done)) _line.Refused($"{done.Status} {done.Text}", done.Code);
    }

    private void CountBad(Completion done)
    {
        if (done.Status == CompletionStatus.Bad && !Over && _line.IsOneBadTooMany()) Bye(Reason.BadCommands, "Too many bad commands");
    }

    // What a client cannot mean to ask for. NO is an ordinary answer to a question, but for a login that is not let try (a wrong password
    // is Guard's to tell).
    private static bool IsRefusal(Completion done) =>
        done.Status == CompletionStatus.Bad
        || (done.Status == CompletionStatus.No && done.Code is "PRIVACYREQUIRED" or "LIMIT" or "SERVERBUG");

    public void Dispose()
    {
        Notify?.Dispose();
        _commands.Dispose();
        if (Who is not null) Server.Places.Leave(Account.Value, Connection.Origin.Remote.Address);
    }
}

/// <summary>What ENABLE and CONDSTORE-enabling commands switched on; never off again (RFC 5161 §3.1).</summary>
internal sealed class SessionModes
{
    public bool Condstore { get; set; }

    public bool Qresync { get; set; }

    public bool Utf8Accept { get; set; }

    public bool Rev2 { get; set; }

    public bool UidOnly { get; set; }

    /// <summary>RFC 4978 COMPRESS is on.</summary>
    public bool Compressed { get; set; }

    /// <summary>Names and quoted strings may carry UTF-8 (RFC 6855 §3, RFC 9051 §5.1).</summary>
    public bool Utf8 => Utf8Accept || Rev2;
}
