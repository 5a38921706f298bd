using System.Buffers;
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
internal sealed class CommandReader(WireConnection connection, ManageSieveOptions options) : IDisposable
{
    private byte[] _buffer = [];
    private int _length;

    public Response Problem { get; private set; }

    public ReadOnlyMemory<byte> Octets => _buffer.AsMemory(0, _length);

    /// <param name="patience">For the first line, counted from now; the peer's octets have to keep coming after that.</param>
    /// <param name="limit">Octets of the whole command.</param>
    public async ValueTask<CommandReadStatus> ReadAsync(TimeSpan patience, int limit, bool betweenCommands)
    {
        Forget();
        var refused = false;
        for (var first = true; ; first = false)
        {
            var wait = first || patience < options.LiteralPatience ? patience : options.LiteralPatience;
            var read = await connection.ReadLineAsync(options.Line, wait, first && betweenCommands);
            if (read.Status == ReadStatus.TooLong) return Refuse(Response.Bad("The line is too long"));
            if (read.Status != ReadStatus.Complete) return Ended(read.Status);
            var lineEndsIn = Grammar.EndsInLiteral(read.Line.Span, out var size, out var waits);
            if (_length + read.Line.Length > limit) refused = true;
            if (!refused) Add(read.Line.Span);
            if (!lineEndsIn) return refused ? Refuse(Problem.Text is null ? TooLarge : Problem) : CommandReadStatus.Complete;
            if (waits) return Hopeless(Response.Bye(Reason.BadLiteral, "Literals of a client have the form {n+}"));
            if (size > options.Hopeless) return Hopeless(Response.Bye(Reason.EndlessMessage, "The literal is too large", "QUOTA/MAXSIZE"));
            if (refused || _length + 2 + size > limit)
            {
                refused = true;
                Problem = TooLarge;
                if (await SkipAsync(size, wait) is var ended and not CommandReadStatus.Complete) return ended;
                continue;
            }
            Add("\r\n"u8);
            if (await CollectAsync((int)size, wait) is var end and not CommandReadStatus.Complete) return end;
        }
    }

    private static Response TooLarge => Response.No("The command is too large", "QUOTA/MAXSIZE");

    private async ValueTask<CommandReadStatus> CollectAsync(int size, TimeSpan patience)
    {
        for (var left = size; left > 0;)
        {
            var peek = await connection.PeekAsync(patience);
            if (peek.Status != ReadStatus.Complete) return Ended(peek.Status);
            var piece = peek.Octets.Slice(0, Math.Min(left, peek.Octets.Length));
            foreach (var segment in piece) Add(segment.Span);
            left -= (int)piece.Length;
            connection.Consume(piece.Length);
        }
        return CommandReadStatus.Complete;
    }

    private async ValueTask<CommandReadStatus> SkipAsync(long size, TimeSpan patience)
    {
        while (size > 0)
        {
            var peek = await connection.PeekAsync(patience);
            if (peek.Status != ReadStatus.Complete) return Ended(peek.Status);
            var count = Math.Min(size, peek.Octets.Length);
            connection.Consume(count);
            size -= count;
        }
        return CommandReadStatus.Complete;
    }

    private void Add(ReadOnlySpan<byte> octets)
    {
        if (_buffer.Length < _length + octets.Length)
        {
            // Doubling, so that a literal that comes in crumbs is not copied again and again.
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_length + octets.Length, Math.Max(_buffer.Length * 2, 512)));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            Return();
            _buffer = larger;
        }
        octets.CopyTo(_buffer.AsSpan(_length));
        _length += octets.Length;
    }

    /// <summary>Gives back what the last command needed. It may have held a password.</summary>
    public void Forget()
    {
        Return();
        _buffer = [];
        _length = 0;
        Problem = default;
    }

    private void Return()
    {
        if (_buffer.Length == 0) return;
        _buffer.AsSpan(0, _length).Clear();
        ArrayPool<byte>.Shared.Return(_buffer);
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
        ReadStatus.TimedOut => CommandReadStatus.TimedOut,
        ReadStatus.Draining => CommandReadStatus.Draining,
        _ => CommandReadStatus.Closed,
    };
}
