using System.Buffers;
using System.Text;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>DATA and BDAT: octets in, one outcome out.</summary>
internal sealed partial class SmtpSession
{
    // The message on its way in: of an open DATA, or of the chunks so far.
    private IncomingBody? _body;
    private DataScanner _scanner;
    private bool _inOctets;

    public Reply? CheckData()
    {
        if (_transaction is null) return Replies.MailFirst;
        if (_body is not null) return Replies.ChunksBegun;
        return _transaction.Recipients.Count > 0 ? null : NobodyToTakeIt;
    }

    // RFC 5321 §3.3: 554 when all recipients were refused, 503 when none was named; RFC 2033 §4.2: always 503.
    private Reply NobodyToTakeIt => _recipientsRefusedHere > 0 && !IsLmtp ? Replies.NoValidRecipients : Replies.RecipientFirst;

    public async ValueTask<bool> Data(ReadOnlyMemory<byte> argument)
    {
        if (!argument.IsEmpty) return await RefuseOutOfStep(Replies.NoArgument);
        var body = Begin(dotStuffed: true);
        if (body.Fault != BodyFault.None)
        {
            var no = No(body);
            Reset(no.ToString());
            return await Say(no) && (!connection.HasBuffered || await End(Replies.OutOfStep, Reason.OutOfStep));
        }
        await Say(Replies.SendData);
        if (!await Flush()) return false;
        _inOctets = true;
        var pace = new BlockPace(_options.DataPatience, server.Clock);
        while (true)
        {
            var read = await connection.PeekAsync(pace.Patience(body.Length));
            if (read.Status != ReadStatus.Complete) return await Cut(read.Status);
            if (Scan(read.Octets, body)) return await Finish();
            if (IsTooOld) return await End(Replies.SessionTooLong, Reason.SessionTime);
            if (body.IsEndless) return await End(TooLarge, Reason.EndlessMessage);
        }
    }

    /// <summary>RFC 3030 §2: BDAT chunk-size [LAST]. The octets follow whatever we think of the command, so they are read first.</summary>
    public async ValueTask<bool> Bdat(ReadOnlyMemory<byte> argument)
    {
        if (!TryChunk(argument.Span, out var size, out var isLast)) return await End(Replies.BadChunkSize, Reason.BadChunk);
        if (size > _options.MessageSize * 2) return await End(TooLarge, Reason.EndlessMessage);
        var misplaced = CheckChunk();
        var body = misplaced is null ? _body ?? Begin(dotStuffed: false) : null;
        _inOctets = true;
        var pace = new BlockPace(_options.DataPatience, server.Clock);
        for (var left = size; left > 0;)
        {
            var read = await connection.PeekAsync(pace.Patience(size - left));
            if (read.Status != ReadStatus.Complete) return await Cut(read.Status);
            var octets = read.Octets.Length > left ? read.Octets.Slice(0, left) : read.Octets;
            left -= octets.Length;
            if (body is null) connection.Consume(octets.Length);
            else Scan(octets, body);
            if (IsTooOld) return await End(Replies.SessionTooLong, Reason.SessionTime);
            if (body is { IsEndless: true }) return await End(TooLarge, Reason.EndlessMessage);
        }
        _inOctets = false;
        if (misplaced is not null) return await RefuseOutOfStep(misplaced);
        if (size == 0) _idleCommands++;
        if (isLast) return await Finish();
        return await Say(body!.Fault == BodyFault.None ? Replies.ChunkOk.With(size.ToString()) : No(body));
    }

    private Reply? CheckChunk()
    {
        if (_helo.Length == 0) return Replies.HelloFirst.With(HelloVerb);
        if (NotLoggedIn() is { } first) return first;
        if (_transaction is null) return Replies.MailFirst;
        return _transaction.Recipients.Count > 0 ? null : NobodyToTakeIt;
    }

    private static bool TryChunk(ReadOnlySpan<byte> argument, out long size, out bool isLast)
    {
        argument = argument.TrimEnd((byte)' ');
        var space = argument.IndexOf((byte)' ');
        var word = space < 0 ? default : argument[(space + 1)..].TrimStart((byte)' ');
        isLast = Ascii.EqualsIgnoreCase(word, "LAST"u8);
        return ParameterGrammar.TryNumber(space < 0 ? argument : argument[..space], out size) && (isLast || word.IsEmpty);
    }

    // True when the end was found; takes what was read.
    private bool Scan(in ReadOnlySequence<byte> octets, IncomingBody body)
    {
        long taken = 0;
        var ended = false;
        foreach (var piece in octets)
        {
            ended = _scanner.Scan(piece.Span, body, out var used);
            taken += used;
            if (ended) break;
        }
        connection.Consume(taken);
        return ended;
    }

    private IncomingBody Begin(bool dotStuffed)
    {
        _scanner = new(dotStuffed);
        return _body = IncomingBody.Begin(_transaction!.Receiving, connection.Evict, _options.MessageSize, _options.DataLine);
    }

    private ValueTask<bool> Cut(ReadStatus status) => status switch
    {
        ReadStatus.TimedOut => End(Replies.TimedOut, Reason.Timeout),
        ReadStatus.Evicted => End(Replies.TooSlow, Reason.TooSlow),
        _ => new(false),
    };

    // The message is whole: store it or say why not. The transaction ends either way (RFC 5321 §4.1.1.4).
    private async ValueTask<bool> Finish()
    {
        _inOctets = false;
        using var body = _body!;
        // A CR at the very end is alone.
        if (_scanner.EndsInCr) body.Refuse(BodyFault.BareLineEnd);
        var transaction = _transaction!;
        _transactions++;
        _idleCommands = 0;
        if (body.Fault != BodyFault.None) return await SayToAll(No(body), transaction);
        ReceiveResult result;
        try
        {
            // Not cancelled by the peer's going: from here on the message is ours (RFC 1047).
            result = await transaction.Receiving.FinishAsync(body.Take(), CancellationToken.None);
            server.Guard.Received(transaction.Client, result);
            if (result.Recipients.Count != transaction.Recipients.Count)
                throw new InvalidOperationException($"{result.Recipients.Count} outcomes for {transaction.Recipients.Count} recipients");
        }
        catch (Exception fault)
        {
            return await SayToAll(Fault(fault), transaction);
        }
        Reset();
        return await SayOutcomes(result);
    }

    // RFC 2033 §4.2: one reply for each recipient, also when the message itself is refused.
    private async ValueTask<bool> SayToAll(Reply reply, OpenTransaction transaction)
    {
        Reset(reply.ToString());
        for (var i = 1; IsLmtp && i < transaction.Recipients.Count; i++) await Say(reply);
        return await Say(reply);
    }

    private async ValueTask<bool> SayOutcomes(ReceiveResult result)
    {
        var accepted = Replies.Accepted.With(result.Id);
        if (result.Recipients.Contains(null)) _line.ForgetBad();
        if (!IsLmtp) return await Say(Common(result.Recipients) is { } refusal ? Reply.From(refusal) : accepted);
        var goesOn = true;
        foreach (var outcome in result.Recipients) goesOn &= await Say(outcome is null ? accepted : Reply.From(outcome));
        return goesOn;
    }

    // One reply for all: a message that anybody has is accepted, and one that somebody may still get is not refused for good.
    private static Refusal? Common(IReadOnlyList<Refusal?> outcomes) =>
        outcomes.Contains(null) ? null : outcomes.FirstOrDefault(o => !o!.IsPermanent) ?? outcomes[0];

    private Reply TooLarge => Replies.TooLarge.With(_options.MessageSize.ToString());

    // Why this message is refused: logged once, said as often as it takes (RFC 3030 §2: chunks may already be on their way).
    private Reply No(IncomingBody body)
    {
        if (body.Refusal is { } said) return said;
        var (reply, cause) = body.Fault switch
        {
            BodyFault.BareLineEnd => (Replies.BareLineEnd, "bare CR or LF"),
            BodyFault.Nul => (Replies.NulOctet, "NUL"),
            BodyFault.LineTooLong => (Replies.DataLineTooLong.With(_options.DataLine.ToString()), "line length"),
            BodyFault.TooLarge => (TooLarge, "size"),
            BodyFault.SpoolFull => (Replies.SpoolFull, "octets in flight"),
            _ => (Fault(body.Thrown!), "own fault"),
        };
        if (connection.Origin.IsInternal) _line.Refused(reply.ToString(), cause, Names);
        else server.Log.MessageRefused(connection.Id, connection.Origin.Remote.Address, reply, cause, _transaction!.Sender.ToString(),
            _transaction.Recipients[0].ToString(), _transaction.Recipients.Count, body.Length);
        return body.Refusal = reply;
    }
}
