using Aviso.Base;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>DATA and BDAT: the message itself, from the pipe straight into its spool.</summary>
internal sealed partial class SmtpSession
{
    private long _chunkSize;
    private bool _lastChunk;

    internal Reply? CheckData() => _transaction!.Chunks is null ? null : Replies.ChunksBegun;

    internal async ValueTask DataAsync()
    {
        if (BeginBody() is not { } body) return;
        using (body)
        {
            Say(Replies.SendData);
            if (!await FlushAsync() || !await ReadDataAsync(body)) return;
            await FinishAsync(body);
        }
    }

    // bdat-cmd = "BDAT" SP chunk-size [ SP "LAST" ] (RFC 3030 §2)
    internal Reply? CheckBdat()
    {
        var argument = _argument.Span.TrimEnd((byte)' ');
        var space = argument.IndexOf((byte)' ');
        var size = space < 0 ? argument : argument[..space];
        var rest = space < 0 ? default : argument[(space + 1)..].TrimStart((byte)' ');
        _lastChunk = !rest.IsEmpty;
        if (ParameterGrammar.TryNumber(size, out _chunkSize) && (!_lastChunk || System.Text.Ascii.EqualsIgnoreCase(rest, "LAST"u8)))
            return null;
        // Where this chunk ends nobody can say, and what is in it must not run as commands.
        _closing = true;
        return Replies.BadChunkSize;
    }

    internal async ValueTask BdatAsync()
    {
        var refusal = CheckWhen(When.Greeted | When.MayMail | When.Transaction | When.Recipients)
            ?? (_transaction!.ChunksFailed ? Replies.ChunkRefused : null);
        IncomingBody? body = null;
        if (refusal is null)
        {
            body = _transaction!.Chunks ?? BeginBody();
            if (body is null) _transaction.ChunksFailed = true;
            else _transaction.Chunks = body;
        }
        // No end in sight: reading this chunk over is no longer worth it.
        if (_chunkSize > _options.MessageSize * 2 + 1024 * 1024)
        {
            Close(Replies.TooLarge.With(_options.MessageSize.ToString()));
            return;
        }
        if (!await ReadChunkAsync(body)) return;
        if (refusal is not null) Refuse(refusal);
        if (body is null) return;
        if (_lastChunk)
        {
            if (_transaction!.ChunkScanner.EndsInCr) body.Refuse(BodyFault.BareLineEnd);
            await FinishAsync(body);
        }
        else if (body.Fault != BodyFault.None)
        {
            _transaction!.ChunksFailed = true;
            SayBodyFault(body);
        }
        else Say(Replies.ChunkOk.With(_chunkSize.ToString()));
    }

    private IncomingBody? BeginBody()
    {
        try
        {
            return new(context.Receiver.BeginBody(), _options.MessageSize, _options.DataLine);
        }
        catch (SpoolFullException)
        {
            Say(Replies.SpoolFull);
            return null;
        }
    }

    // False when the conversation broke off: nothing is stored and, unless it was too slow or endless, nobody is there to tell.
    private async ValueTask<bool> ReadDataAsync(IncomingBody body)
    {
        var scanner = new DataScanner(dotStuffed: true);
        while (true)
        {
            var peek = await connection.PeekAsync(_options.DataPatience);
            if (!GoesOn(peek.Status, body)) return false;
            long used = 0;
            var ended = false;
            foreach (var piece in peek.Octets)
            {
                ended = scanner.Scan(piece.Span, body, out var taken);
                used += taken;
                if (ended) break;
            }
            connection.Consume(used);
            if (ended) return true;
        }
    }

    // Reads the chunk to its end, into body if there is one.
    private async ValueTask<bool> ReadChunkAsync(IncomingBody? body)
    {
        for (var left = _chunkSize; left > 0;)
        {
            if (!connection.HasBuffered && !await FlushAsync()) return false;
            var peek = await connection.PeekAsync(_options.DataPatience);
            if (!GoesOn(peek.Status, body)) return false;
            var taken = Math.Min(left, peek.Octets.Length);
            if (body is not null)
            {
                foreach (var piece in peek.Octets.Slice(0, taken)) _transaction!.ChunkScanner.Scan(piece.Span, body, out _);
            }
            connection.Consume(taken);
            left -= taken;
        }
        return true;
    }

    private bool GoesOn(ReadStatus status, IncomingBody? body)
    {
        if (status == ReadStatus.Complete && body?.IsEndless != true
            && context.Clock.GetElapsedTime(_started) <= _options.SessionTime) return true;
        if (status == ReadStatus.TimedOut) Close(Replies.TimedOut);
        else if (status != ReadStatus.Complete) connection.EndReason = "closed inside a message";
        else if (body?.IsEndless == true) Close(Replies.TooLarge.With(_options.MessageSize.ToString()));
        else Close(Replies.SessionTooLong);
        _closing = true;
        if (_transaction is { Mail: var mail })
            context.Log.BrokenOff(connection.Id, mail.Sender.ToString(), body?.Length ?? 0, mail.Recipients.Count);
        return false;
    }

    // The end of the transaction, whatever comes of it: after this the session is as after EHLO (RFC 5321 §4.1.1.4).
    private async ValueTask FinishAsync(IncomingBody body)
    {
        var transaction = _transaction!;
        try
        {
            if (body.Fault != BodyFault.None)
            {
                SayBodyFault(body);
                return;
            }
            // Not cancelled when the peer goes: what is half committed is finished (RFC 1047 is the sender's to bear).
            SayResult(transaction.Mail, await context.Receiver.ReceiveAsync(transaction.Mail, body.Take(), CancellationToken.None));
        }
        catch (Exception fault)
        {
            SayToEach(transaction.Mail, FaultReply(fault));
        }
        finally
        {
            DropTransaction();
        }
    }

    // RFC 2033 §4.2: LMTP answers for each recipient in order. SMTP has one answer: no only when all say no, and then a
    // temporary no if any is, because in doubt it is temporary.
    private void SayResult(MailTransaction mail, ReceiveResult result)
    {
        if (result.Recipients.Count != mail.Recipients.Count)
            throw new InvalidOperationException("the receiver answered for another number of recipients");
        var accepted = Replies.Accepted.With(result.Id);
        if (result.Recipients.Any(r => r is null)) _idle = 0;
        if (IsLmtp)
        {
            foreach (var refusal in result.Recipients)
            {
                if (refusal is null) Say(accepted);
                else Say(refusal);
            }
            return;
        }
        if (result.Recipients.Contains(null)) Say(accepted);
        else Say(result.Recipients.FirstOrDefault(r => !r!.IsPermanent) ?? result.Recipients[0]!);
    }

    private void SayBodyFault(IncomingBody body)
    {
        var reply = body.Fault switch
        {
            BodyFault.BareLineEnd => Replies.BareLineEnd,
            BodyFault.Nul => Replies.NulOctet,
            BodyFault.LineTooLong => Replies.DataLineTooLong.With(_options.DataLine.ToString()),
            BodyFault.TooLarge => Replies.TooLarge.With(_options.MessageSize.ToString()),
            BodyFault.SpoolFull => Replies.SpoolFull,
            _ => FaultReply(body.Thrown!),
        };
        context.Log.Refused(connection.Id, _verb!.Name, reply.ToString(), body.Fault.ToString());
        if (_verb.Name == "BDAT" && !_lastChunk) Say(reply);
        else SayToEach(_transaction!.Mail, reply);
    }

    private void SayToEach(MailTransaction mail, Reply reply)
    {
        var times = IsLmtp ? mail.Recipients.Count : 1;
        for (var i = 0; i < times; i++) Say(reply);
    }
}
