using System.Buffers;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>DATA and BDAT: octets in, one outcome out.</summary>
internal sealed partial class SmtpSession
{
    private static readonly SearchValues<byte> Space = SearchValues.Create(" "u8);

    public Reply? CheckData()
    {
        if (_transaction is null) return Replies.MailFirst;
        if (_chunks is not null) return Replies.ChunksBegun;
        // RFC 5321 §3.3: 554 when all recipients were refused, 503 when none was named.
        return _transaction.Recipients.Count > 0 ? null : _refusedRecipients > 0 ? Replies.NoValidRecipients : Replies.RecipientFirst;
    }

    public async ValueTask<bool> Data(ReadOnlyMemory<byte> argument)
    {
        if (!argument.IsEmpty) return await Bad(Replies.NoArgument);
        if (Begin() is not { } body) return await Refuse(Replies.SpoolFull, "bodies in flight");
        using (body)
        {
            await Say(Replies.SendData);
            if (!await connection.FlushAsync(_options.ReplyPatience)) return false;
            var scanner = new DataScanner(dotStuffed: true);
            while (true)
            {
                var read = await connection.PeekAsync(_options.DataPatience);
                if (read.Status == ReadStatus.TimedOut) return await End(Replies.TimedOut);
                if (read.Status != ReadStatus.Complete) return false;
                if (Scan(ref scanner, read.Octets, body)) break;
                if (body.IsEndless) return await End(Replies.TooLarge.With(_options.MessageSize.ToString()));
            }
            return await Finish(body);
        }
    }

    // True when the end was found; takes what was read.
    private bool Scan(ref DataScanner scanner, in ReadOnlySequence<byte> octets, IncomingBody body)
    {
        long taken = 0;
        foreach (var piece in octets)
        {
            var ended = scanner.Scan(piece.Span, body, out var used);
            taken += used;
            if (!ended) continue;
            connection.Consume(taken);
            return true;
        }
        connection.Consume(taken);
        return false;
    }

    // RFC 3030 §2: BDAT chunk-size [LAST]. The octets follow whatever we think of the command, so they are read first.
    private DataScanner _chunkScanner;

    public async ValueTask<bool> Bdat(ReadOnlyMemory<byte> argument)
    {
        if (!TryChunk(argument.Span, out var size, out var isLast)) return await End(Replies.BadChunkSize);
        var refusal = CheckChunk();
        if (refusal is null && _chunks is null)
        {
            _chunks = Begin();
            _chunkScanner = new(dotStuffed: false);
            if (_chunks is null) refusal = Replies.SpoolFull;
        }
        var body = refusal is null ? _chunks : null;
        for (var left = size; left > 0;)
        {
            var read = await connection.PeekAsync(_options.DataPatience);
            if (read.Status == ReadStatus.TimedOut) return await End(Replies.TimedOut);
            if (read.Status != ReadStatus.Complete) return false;
            var octets = read.Octets.Length > left ? read.Octets.Slice(0, left) : read.Octets;
            if (body is null) connection.Consume(octets.Length);
            else
            {
                Scan(ref _chunkScanner, octets, body);
                if (body.IsEndless) return await End(Replies.TooLarge.With(_options.MessageSize.ToString()));
            }
            left -= octets.Length;
        }
        if (refusal is not null) return await Bad(refusal);
        if (!isLast) return body!.Fault == BodyFault.None ? await Say(Replies.ChunkOk.With(size.ToString())) : await RefuseBody(body);
        // A CR at the very end is alone.
        if (_chunkScanner.EndsInCr) body!.Refuse(BodyFault.BareLineEnd);
        using (body)
        {
            _chunks = null;
            return await Finish(body!);
        }
    }

    private Reply? CheckChunk()
    {
        if (_helo.Length == 0) return Replies.HelloFirst.With(HelloVerb);
        if (_transaction is null) return IsSubmission && _login is null ? Replies.LoginFirst : Replies.MailFirst;
        if (_transaction.Recipients.Count == 0) return _refusedRecipients > 0 ? Replies.NoValidRecipients : Replies.RecipientFirst;
        return _chunks is { Fault: not BodyFault.None } ? Replies.ChunkRefused : null;
    }

    private static bool TryChunk(ReadOnlySpan<byte> argument, out long size, out bool isLast)
    {
        argument = argument.TrimEnd((byte)' ');
        var space = argument.IndexOfAny(Space);
        var word = space < 0 ? default : argument[(space + 1)..].TrimStart((byte)' ');
        isLast = System.Text.Ascii.EqualsIgnoreCase(word, "LAST"u8);
        return ParameterGrammar.TryNumber(space < 0 ? argument : argument[..space], out size) && (isLast || word.IsEmpty);
    }

    private IncomingBody? Begin()
    {
        try
        {
            return new(server.Receiver.BeginBody(), _options.MessageSize, _options.DataLine);
        }
        catch (SpoolFullException)
        {
            return null;
        }
    }

    // The message is whole: store it or say why not. The transaction ends either way (RFC 5321 §4.1.1.4).
    private async ValueTask<bool> Finish(IncomingBody body)
    {
        var transaction = _transaction!;
        _transaction = null;
        _transactions++;
        _idleCommands = 0;
        if (body.Fault != BodyFault.None)
        {
            // RFC 2033 §4.2: one reply for each recipient, also when the message itself is refused.
            for (var i = 1; IsLmtp && i < transaction.Recipients.Count; i++) await RefuseBody(body);
            return await RefuseBody(body);
        }
        // Not cancelled by the peer's going: from here on the message is ours (RFC 1047).
        var result = await server.Receiver.ReceiveAsync(transaction, body.Take(), CancellationToken.None);
        if (!IsLmtp) return await SayOutcome(result.Recipients[0], result.Id);
        foreach (var outcome in result.Recipients) await SayOutcome(outcome, result.Id);
        return true;
    }

    private ValueTask<bool> SayOutcome(Refusal? refusal, string id) =>
        refusal is null ? Say(Replies.Accepted.With(id)) : Refuse(Reply.From(refusal), refusal.Cause);

    private ValueTask<bool> RefuseBody(IncomingBody body) => body.Fault switch
    {
        BodyFault.BareLineEnd => Refuse(Replies.BareLineEnd, "bare CR or LF"),
        BodyFault.Nul => Refuse(Replies.NulOctet, "NUL"),
        BodyFault.LineTooLong => Refuse(Replies.DataLineTooLong.With(_options.DataLine.ToString()), "line length"),
        BodyFault.TooLarge => Refuse(Replies.TooLarge.With(_options.MessageSize.ToString()), $"{body.Length} octets"),
        BodyFault.SpoolFull => Refuse(Replies.SpoolFull, "bodies in flight"),
        _ => Fault(body.Thrown ?? new InvalidOperationException("a body without a fault was refused")),
    };
}
