using System.Buffers.Text;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Imap;

internal enum CommandReadStatus
{
    Complete,

    /// <summary>Answer with <see cref="CommandReader.Problem"/> and go on.</summary>
    Refused,

    /// <summary>Answer with <see cref="CommandReader.Problem"/> and end: who has not logged in is not listened to for so long.</summary>
    LineTooLong,

    /// <summary>Say BYE with <see cref="CommandReader.Problem"/>'s text: what follows cannot be told from commands.</summary>
    Hopeless,
    Closed, TimedOut, Draining,
}

/// <summary>
/// Joins lines and literals (RFC 9051 §4.3; LITERAL+ RFC 7888) into one command. Message literals of APPEND and REPLACE go to the spool and only
/// their marker stays. Limits: <see cref="ImapOptions"/>.
/// </summary>
internal sealed class CommandReader(ImapSession session) : IDisposable
{
#pragma warning disable CA2213 // the connection is the session's, and the buffer reads from it
    private readonly WireConnection _connection = session.Connection;
    private readonly ImapOptions _options = session.Options;
    private readonly CommandBuffer _buffer = new(session.Connection);
#pragma warning restore CA2213
    private readonly List<SpooledBody> _bodies = [];
    private readonly Func<TimeSpan> _patience = () => session.ReadPatience(firstLine: false);
    private bool _message;
    private int _lineStart;

    public Completion Problem { get; private set; }

    /// <summary>Why it is hopeless.</summary>
    public Reason Why { get; private set; } = Reason.BadLiteral;

    public string Tag { get; private set; } = "*";

    public bool HasTag => Tag != "*";

    public ReadOnlyMemory<byte> Octets => _buffer.Octets;

    public IReadOnlyList<SpooledBody> Bodies => _bodies;

    /// <summary>Reads the rest of a command whose first line is here already (IDLE and NOTIFY wait for lines themselves).</summary>
    public async ValueTask<CommandReadStatus> ReadAsync(Task<LineRead>? firstLine)
    {
        Forget();
        var refused = false;
        var lineLimit = session.LoggedIn ? _options.Line : _options.LineBeforeLogin;
        var inLines = 0;
        for (var first = true; ; first = false)
        {
            var read = first && firstLine is not null
                ? await firstLine
                : await _connection.ReadLineAsync(Math.Max(lineLimit - inLines, 0), session.ReadPatience(first), first);
            // A token in base64 needs more.
            if (first && read.Status == ReadStatus.TooLong && !session.LoggedIn && IsAuthenticate(read.Line.Span))
            {
                lineLimit = _options.AuthenticateLine;
                read = await _connection.ReadLineAsync(lineLimit, session.ReadPatience(true), first);
            }
            if (read.Status == ReadStatus.TooLong)
            {
                if (first) NoteTag(read.Line.Span);
                Problem = refused ? Problem : Completion.Bad("The line is too long", "TOOBIG");
                return session.LoggedIn ? CommandReadStatus.Refused : CommandReadStatus.LineTooLong;
            }
            if (read.Status != ReadStatus.Complete) return Ended(read.Status);
            inLines += read.Line.Length;
            _lineStart = _buffer.Length;
            _buffer.Add(read.Line.Span);
            if (first) NoteTag(Octets.Span);
            if (!EndsInLiteral(out var size, out var waits)) return refused ? CommandReadStatus.Refused : CommandReadStatus.Complete;
            _buffer.Add("\r\n"u8);
            var problem = refused ? Problem : await CheckLiteralAsync(size);
            if (problem.Status != CompletionStatus.Ok)
            {
                if (waits) return Refuse(problem);
                if (!session.LoggedIn)
                    return Hopeless(problem, size > _options.LiteralBeforeLogin ? Reason.OctetsBeforeLogin : Reason.BadLiteral);
                if (size > _options.MessageSize * 2) return Hopeless(problem, Reason.EndlessMessage);
                refused = true;
                Problem = problem;
                if (await SkipAsync(size) is var ended and not CommandReadStatus.Complete) return ended;
                _buffer.Cut(1024);
                continue;
            }
            if (waits)
            {
                session.Writer.Bytes("+ Go on\r\n"u8);
                await session.Writer.FlushAsync();
            }
            var status = _message ? await SpoolAsync(size) : Ended(await _buffer.CollectAsync((int)size, _patience));
            if (status == CommandReadStatus.Refused) refused = true;
            else if (status != CommandReadStatus.Complete) return status;
        }
    }

    private async ValueTask<Completion> CheckLiteralAsync(long size)
    {
        _message = MessageLiteral(session.Utf8Names, out var append, out var mailbox, out var ordinal, out var message);
        if (!session.LoggedIn && size > _options.LiteralBeforeLogin) return Completion.Bad("The literal is too long", "TOOBIG");
        if (append is null) return Completion.Bad("Unknown command");
        if (!_message)
            return size > _options.Literal || _buffer.Length + size > _options.CommandSize
                ? Completion.Bad("The literal is too long", "TOOBIG") : Completion.Ok("");
        if (!session.LoggedIn) return Completion.Bad("Log in first");
        // RFC 7889 §4: TOOBIG for a message over APPENDLIMIT.
        if (message > _options.MessageSize) return Completion.No("TOOBIG", "The message is larger than APPENDLIMIT");
        if (ordinal >= _options.MessagesPerAppend) return Completion.No("LIMIT", "Too many messages in one APPEND");
        return ordinal > 0 ? Completion.Ok("") : await AppendCommand.MayAppendAsync(session, mailbox, size);
    }

    /// <summary>Does the marker at the end begin a message, or a part of one? True after mailbox (and flags, date) of APPEND and REPLACE.</summary>
    /// <param name="size">Octets of that message in all its literals so far.</param>
    private bool MessageLiteral(NameForm utf8Names, out CommandEntry? entry, out string? mailbox, out int ordinal, out long size)
    {
        mailbox = null;
        (ordinal, size) = (0, 0);
        var g = new Grammar(Octets.Span, utf8Names);
        if (!CommandHead.TryRead(ref g, out entry, out _) || entry!.Name is not ("APPEND" or "REPLACE")) return false;
        if (entry.Name == "REPLACE" && (!g.Sp() || !g.Sequence(out _))) return false;
        if (!g.Sp() || !g.Mailbox(out mailbox)) return false;
        while (g.AppendMessage(out var options))
        {
            size = options.Parts.Sum(p => p.Size);
            if (g.AtEnd) return options.IsOpen || !options.IsCatenated;
            ordinal++;
        }
        return false;
    }

    private static bool IsAuthenticate(ReadOnlySpan<byte> line)
    {
        var g = new Grammar(line, false);
        return CommandHead.TryRead(ref g, out var entry, out _) && entry!.Name == "AUTHENTICATE";
    }

    private void NoteTag(ReadOnlySpan<byte> line)
    {
        var g = new Grammar(line, true);
        if (g.Tag(out var tag) && tag.Length <= 100 && (g.AtEnd || g.Peek == ' ')) Tag = Grammar.AsAscii(tag);
    }

    private async ValueTask<CommandReadStatus> SpoolAsync(long size)
    {
        var body = session.Store.Spool.Begin(session.Connection.Origin.SpoolOwner(loggedIn: true));
        _bodies.Add(body);
        for (var left = size; left > 0;)
        {
            var peek = await _connection.PeekAsync(_options.LiteralPatience);
            if (peek.Status != ReadStatus.Complete) return Ended(peek.Status);
            var piece = peek.Octets.Slice(0, Math.Min(left, peek.Octets.Length));
            var full = false;
            try
            {
                body.Write(piece);
            }
            catch (SpoolFullException)
            {
                full = true;
            }
            catch (IOException e)
            {
                full = true;
                session.Fault(e, "spooling a message");
            }
            left -= piece.Length;
            _connection.Consume(piece.Length);
            if (!full) continue;
            Problem = Completion.No("UNAVAILABLE", "Too much mail is on its way in; try again");
            return await SkipAsync(left) is var ended and not CommandReadStatus.Complete ? ended : CommandReadStatus.Refused;
        }
        return CommandReadStatus.Complete;
    }

    private async ValueTask<CommandReadStatus> SkipAsync(long size) => Ended(await _buffer.SkipAsync(size, _patience));

    // A line that ends in "{123}", "{123+}" or "~{123}".
    private bool EndsInLiteral(out long size, out bool waits)
    {
        size = 0;
        waits = true;
        var line = Octets.Span[_lineStart..];
        if (line.Length < 3 || line[^1] != '}') return false;
        var open = line[^Math.Min(line.Length, 24)..].LastIndexOf((byte)'{');
        if (open < 0) return false;
        var inside = line[^Math.Min(line.Length, 24)..][(open + 1)..^1];
        if (inside.Length > 0 && inside[^1] == '+')
        {
            waits = false;
            inside = inside[..^1];
        }
        return inside.Length > 0 && inside[0] is >= (byte)'0' and <= (byte)'9' &&
            Utf8Parser.TryParse(inside, out size, out var used) && used == inside.Length && size >= 0;
    }

    /// <summary>Gives back what the last command needed; an idle session keeps no buffer.</summary>
    public void Forget()
    {
        foreach (var body in _bodies) body.Dispose();
        _bodies.Clear();
        _buffer.Forget();
        Tag = "*";
    }

    public void Dispose() => Forget();

    private CommandReadStatus Refuse(Completion problem)
    {
        Problem = problem;
        return CommandReadStatus.Refused;
    }

    private CommandReadStatus Hopeless(Completion problem, Reason why)
    {
        (Problem, Why) = (problem, why);
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

/// <summary>tag SP ["UID" SP] command-name: what comes before the arguments.</summary>
internal static class CommandHead
{
    /// <summary>False when there is no tag or name; <paramref name="entry"/> is null for an unknown command.</summary>
    public static bool TryRead(ref Grammar g, out CommandEntry? entry, out bool uid)
    {
        entry = null;
        uid = false;
        if (!g.Tag(out _) || !g.Sp()) return false;
        uid = g.Text("UID "u8);
        if (!g.Atom(out var name)) return false;
        entry = CommandTable.Find(name);
        if (entry is not null && uid && !entry.HasUid) entry = null;
        return entry is not null;
    }
}
