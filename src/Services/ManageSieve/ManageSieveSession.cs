using Aviso.Accounts;
using Aviso.Base;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.ManageSieve;

/// <summary>One connection: state, and the loop read - run - answer. Commands are in Commands/, the table in <see cref="CommandTable"/>.</summary>
internal sealed class ManageSieveSession : IDisposable
{
    private const int CommandRoom = 8 * 1024;

    private readonly CommandReader _commands;
    private readonly LineSession _line;

    public ManageSieveSession(ManageSieveServer server, WireConnection connection)
    {
        (Server, Connection) = (server, connection);
        Writer = new(connection, server.Options.WritePatience);
        _line = new(connection, server.Clock, server.Log, server.Limits);
        _commands = new(connection, server.Options, firstLine => _line.Patience(firstLine ? Options.Autologout : Options.LiteralPatience));
        connection.KeepsLongLines = true;
    }

    public ManageSieveServer Server { get; }

    public WireConnection Connection { get; }

    public ResponseWriter Writer { get; }

    public ManageSieveOptions Options => Server.Options;

    public SieveScripts Scripts => Server.Scripts;

    public CancellationToken Cancel => Connection.Aborted;

    public Principal? Who { get; private set; }

    public AccountId Account { get; private set; }

    public bool LoggedIn => Who is not null;

    /// <summary>Set by LOGOUT and by whatever else ends the conversation.</summary>
    public bool Over { get; set; }

    private int CommandLimit => LoggedIn ? Scripts.Limits.Size + CommandRoom : Options.CommandBeforeLogin;

    public async Task RunAsync()
    {
        Greet();
        while (!Over && !Writer.Broken)
        {
            if (!Connection.HasBuffered) await Writer.FlushAsync();
            else await Writer.BreatheAsync();
            if (Writer.Broken) break;
            if (_line.IsLoginLate)
            {
                Answer(Response.Bye(Reason.Timeout, "Log in faster"));
                break;
            }
            switch (await ReadAsync(betweenCommands: true))
            {
                case CommandReadStatus.Complete:
                    await RunCommandAsync();
                    break;
                case CommandReadStatus.Refused:
                    Answer(_commands.Problem);
                    break;
                case CommandReadStatus.Hopeless:
                    Answer(_commands.Problem);
                    break;
                case CommandReadStatus.TimedOut:
                    Answer(LoggedIn ? Response.Bye(Reason.Autologout, "Idle for too long") : Response.Bye(Reason.Timeout, "Log in faster"));
                    break;
                case CommandReadStatus.Draining:
                    // RFC 5804 §1.3 TRYLATER: the server is going down, the client may come again.
                    Answer(Response.Bye(Reason.Draining, "The server is stopping", "TRYLATER"));
                    break;
                default:
                    Over = true;
                    break;
            }
        }
        await Writer.FlushAsync();
    }

    /// <summary>RFC 5804 §1.2: capabilities, then OK; at the start and after TLS.</summary>
    public void Greet()
    {
        Capabilities.Write(this);
        Writer.Response(Response.Ok("ManageSieve ready"));
    }

    private ValueTask<CommandReadStatus> ReadAsync(bool betweenCommands) => _commands.ReadAsync(CommandLimit, betweenCommands);

    /// <summary>A string on a line of its own, as a SASL client sends; null when it cannot be read.</summary>
    public async ValueTask<(CommandReadStatus Status, byte[]? Octets)> ReadStringAsync()
    {
        await Writer.FlushAsync();
        var status = await ReadAsync(betweenCommands: false);
        if (status != CommandReadStatus.Complete) return (status, null);
        var g = new Grammar(_commands.Octets.Span);
        return (status, g.String(out ReadOnlySpan<byte> value) && g.End() ? value.ToArray() : null);
    }

    private async ValueTask RunCommandAsync()
    {
        var octets = _commands.Octets;
        if (!TryHead(octets, out var entry, out var argumentsAt))
        {
            Answer(HttpLine.IsOne(octets.Span)
                ? Response.Bye(Reason.NonSmtpCommand, "This is a mail server") : Response.Bad("Unknown command"));
            return;
        }
        var response = (entry!.When & (LoggedIn ? When.Authenticated : When.NotAuthenticated)) == 0
            ? Response.Bad(LoggedIn ? "Already logged in" : "Log in first")
            : await GuardedAsync(entry, new(octets, argumentsAt));
        ManageSieveMeters.Commands.Add(1, new KeyValuePair<string, object?>("command", entry.Name));
        if (!response.IsBad && LoggedIn) _line.ForgetBad();
        Answer(response);
    }

    private static bool TryHead(ReadOnlyMemory<byte> octets, out CommandEntry? entry, out int argumentsAt)
    {
        var g = new Grammar(octets.Span);
        entry = g.Atom(out var name) ? CommandTable.Find(name) : null;
        argumentsAt = g.Position;
        return entry is not null;
    }

    private async ValueTask<Response> GuardedAsync(CommandEntry entry, Command command)
    {
        try
        {
            return await entry.Run(this, command);
        }
        catch (OperationCanceledException) when (Cancel.IsCancellationRequested)
        {
            Over = true;
            return Response.Silent;
        }
        catch (LoginOverloadException)
        {
            return Response.No("Too many logins wait; try again in a moment", "TRYLATER");
        }
        catch (Exception e)
        {
            var id = LineSession.NewFaultId();
            ManageSieveMeters.Faults.Add(1);
            ManageSieveLog.Fault(Server.Log, e, id, Connection.Id, entry.Name);
            return Response.No("Internal fault " + id, "TRYLATER");
        }
    }

    private void Answer(Response response)
    {
        if (response.Status == ResponseStatus.Silent) return;
        Writer.Response(response);
        if (response.Ends is { } reason)
        {
            _line.End(reason, "BYE " + response.Text);
            Over = true;
            return;
        }
        // A wrong password is Guard's to tell.
        if (response.IsBad || response.Code == "ENCRYPT-NEEDED") _line.Refused("NO " + response.Text, response.Code);
        if (response.IsBad && _line.IsOneBadTooMany()) Answer(Response.Bye(Reason.BadCommands, "Too many bad commands"));
    }

    /// <summary>One more failed login; true: the session ends.</summary>
    public bool FailsOnceTooOften() => _line.IsOneFailureTooMany();

    public bool TryLogIn(Principal who)
    {
        var account = new AccountId(who.Account);
        if (!Server.Places.TryEnter(who.Account, Connection.Origin.Remote.Address)) return false;
        (Who, Account) = (who, account);
        Connection.Login = who;
        Connection.KeepsLongLines = false;
        return true;
    }

    public void LogOut()
    {
        if (Who is not null) Server.Places.Leave(Account.Value, Connection.Origin.Remote.Address);
        (Who, Account) = (null, default);
        Connection.Login = null;
        Connection.KeepsLongLines = true;
    }

    public void Dispose()
    {
        LogOut();
        _commands.Dispose();
    }
}
