using Aviso.Base;
using Aviso.Net;

namespace Aviso.ManageSieve;

internal enum CommandReadStatus
{
    Complete,

    /// <summary>Answer with <see cref="CommandReader.Problem"/> and go on.</summary>
    Refused,

    /// <summary>Say BYE with <see cref="CommandReader.Problem"/>: what follows cannot be told from commands.</summary>
    Hopeless,
    Closed, TimedOut, Draining,
}

/// <summary>
/// Joins lines and literals into one command (RFC 5804 §4; all literals of a client are non-synchronizing). What is too large is thrown
/// away as it comes, so no peer makes us hold more than its limit.
/// </summary>
/// <param name="patience">For the first line (true) and for what belongs to it, asked before each wait.</param>
internal sealed class CommandReader(WireConnection connection, ManageSieveOptions options, Func<bool, TimeSpan> patience) : IDisposable
{
#pragma warning disable CA2213 // it reads from the connection, which is the session's
    private readonly CommandBuffer _buffer = new(connection);
#pragma warning restore CA2213
    private readonly Func<TimeSpan> _later = () => patience(false);

    public Response Problem { get; private set; }

    public ReadOnlyMemory<byte> Octets => _buffer.Octets;

    /// <param name="limit">Octets of the whole command.</param>
    public async ValueTask<CommandReadStatus> ReadAsync(int limit, bool betweenCommands)
    {
        Forget();
        var refused = false;
        for (var first = true; ; first = false)
        {
            var read = await connection.ReadLineAsync(options.Line, patience(first), first && betweenCommands);
            if (read.Status == ReadStatus.TooLong) return LineTooLong();
            if (read.Status != ReadStatus.Complete) return Ended(read.Status);
            var lineEndsIn = Grammar.EndsInLiteral(read.Line.Span, out var size, out var waits);
            if (_buffer.Length + read.Line.Length > limit) refused = true;
            if (!refused) _buffer.Add(read.Line.Span);
            if (!lineEndsIn) return refused ? Refuse(Problem.Text is null ? TooLarge : Problem) : CommandReadStatus.Complete;
            if (waits) return Hopeless(Response.Bye(Reason.BadLiteral, "Literals of a client have the form {n+}"));
            if (size > options.Hopeless) return Hopeless(Response.Bye(Reason.EndlessMessage, "The literal is too large", "QUOTA/MAXSIZE"));
            if (refused || _buffer.Length + 2 + size > limit)
            {
                refused = true;
                Problem = TooLarge;
                if (Ended(await _buffer.SkipAsync(size, _later)) is var ended and not CommandReadStatus.Complete) return ended;
                continue;
            }
            _buffer.Add("\r\n"u8);
            if (Ended(await _buffer.CollectAsync((int)size, _later)) is var end and not CommandReadStatus.Complete) return end;
        }
    }

    private static Response TooLarge => Response.No("The command is too large", "QUOTA/MAXSIZE");

    // Who has not logged in is answered and sent away; nobody waits for the end of such a line.
    private CommandReadStatus LineTooLong()
    {
        const string Text = "The line is too long";
        return connection.KeepsLongLines ? Hopeless(Response.Bye(Reason.OctetsBeforeLogin, Text)) : Refuse(Response.Bad(Text));
    }

    /// <summary>Gives back what the last command needed. It may have held a password.</summary>
    public void Forget()
    {
        _buffer.Forget();
        Problem = default;
    }

    public void Dispose() => Forget();

    private CommandReadStatus Refuse(Response problem)
    {
        Problem = problem;
        return CommandReadStatus.Refused;
    }

    private CommandReadStatus Hopeless(Response problem)
    {
        Problem = problem;
        return CommandReadStatus.Hopeless;
    }

    private static CommandReadStatus Ended(ReadStatus status) => status switch
    {
        ReadStatus.Complete => CommandReadStatus.Complete,
        ReadStatus.TimedOut => CommandReadStatus.TimedOut,
        ReadStatus.Draining => CommandReadStatus.Draining,
        _ => CommandReadStatus.Closed,
    };
}
