using System.Buffers;
using System.Text;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>Hello, MAIL, RCPT, RSET, QUIT.</summary>
internal sealed partial class SmtpSession
{
    // RFC 2033 §4.1: LHLO there, EHLO and HELO here, never the other.
    public Reply? CheckHello(string verb) => IsLmtp == (verb == "LHLO") ? null : Replies.UnknownCommand;

    public ValueTask<bool> Hello(ReadOnlyMemory<byte> argument, bool extended)
    {
        var name = argument.Span.TrimEnd((byte)' ');
        // RFC 5321 §4.1.4: the name must not be a reason to refuse, so anything printable and short is taken.
        // Octets outside ASCII, from computers that people named, become "?".
        if (name.Length is 0 or > 255 || name.Contains((byte)' '))
        {
            if (connection.Origin.Kind == ListenerKind.Smtp) connection.Report(Reason.HeloRejected);
            return Bad(Replies.BadHostName);
        }
        Reset();
        _helo = Encoding.ASCII.GetString(name);
        _extended = extended;
        if (!extended) return Say(Replies.Hello.With(_options.HostName));
        SayExtensions();
        return new(true);
    }

    private void SayExtensions()
    {
        var lines = new List<string>(12)
        {
            _options.HostName, "PIPELINING", $"SIZE {_options.MessageSize}", "8BITMIME", "SMTPUTF8", "CHUNKING",
            "ENHANCEDSTATUSCODES", "DSN", $"LIMITS RCPTMAX={_options.Recipients} MAILMAX={_options.Transactions}",
        };
        if (connection.CanStartTls) lines.Add("STARTTLS");
        // RFC 8689 §2: never offered in the clear.
        if (connection.Tls is not null && !IsLmtp) lines.Add("REQUIRETLS");
        if (_login is null && server.Authenticator is { } authenticator
            && SaslServer.Offered(connection, authenticator) is { Count: > 0 } mechanisms)
            lines.Add($"AUTH {string.Join(' ', mechanisms)}");
        for (var i = 0; i < lines.Count; i++)
        {
            var line = Encoding.ASCII.GetBytes($"250{(i == lines.Count - 1 ? ' ' : '-')}{lines[i]}\r\n");
            connection.Output.Write(line);
            _heldBack += line.Length;
        }
        SmtpMeters.Replied(_kind, Replies.Hello);
    }

    public Reply? CheckMail() => _transactions >= _options.Transactions ? Replies.TooManyTransactions : null;

    public async ValueTask<bool> Mail(ReadOnlyMemory<byte> argument)
    {
        Reset();
        _mailRefused = true;
        if (MailCommand.Read(argument.Span, connection.Tls is not null, out var mail) is { } wrong) return await Bad(wrong);
        // A client may go on asking for ever; each no is one more command without progress.
        _idleCommands++;
        if (mail.Parameters.Size > _options.MessageSize) return await Refuse(TooLarge, $"SIZE={mail.Parameters.Size}");
        var client = new SmtpClientInfo(
            connection.Id, connection.Origin, _helo, Protocol(mail.Parameters.SmtpUtf8), connection.Tls, _login);
        var transaction = new MailTransaction(client, mail.Sender, mail.Parameters);
        if (server.Guard.CheckMessage(client) is { } limited)
        {
            server.Receiver.Refused(transaction, limited);
            return await Refuse(Reply.From(limited), limited.Cause);
        }
        var begun = await server.Receiver.BeginAsync(transaction, connection.Aborted);
        if (begun is not Begun.Open open) return await Say(Reply.From(((Begun.Not)begun).Why));
        _idleCommands--;
        _mailRefused = false;
        _transaction = new(transaction, open.Receiving);
        return await Say(Replies.SenderOk);
    }

    public Reply? CheckRcpt() => _body is null ? null : Replies.ChunksBegun;

    public async ValueTask<bool> Rcpt(ReadOnlyMemory<byte> argument)
    {
        var transaction = _transaction!;
        _recipientsRefusedHere++;
        if (RecipientCommand.Read(argument.Span, transaction.Parameters.SmtpUtf8, out var recipient) is { } wrong)
            return await Refuse(wrong, "recipient") && await CountRefusedRecipient(wrong);
        // RFC 5321 §4.5.3.1.10: temporary, so that the sender comes again with the rest.
        if (transaction.Recipients.Count >= _options.Recipients) return await RefuseRecipient(Replies.TooManyRecipients);
        if (server.Guard.CheckRecipient(transaction.Client) is { } limited)
        {
            transaction.Receiving.Refused(recipient!, limited);
            return await Refuse(Reply.From(limited), limited.Cause) && await CountRefusedRecipient(Reply.From(limited));
        }
        if (await transaction.Receiving.AddAsync(recipient!, connection.Aborted) is { } refusal)
        {
            server.Guard.RecipientRefused(transaction.Client, refusal);
            return await RefuseRecipient(Reply.From(refusal));
        }
        _recipientsRefusedHere--;
        transaction.Recipients.Add(recipient!);
        return await Say(Replies.RecipientOk);
    }

    private async ValueTask<bool> RefuseRecipient(Reply reply) => await Say(reply) && await CountRefusedRecipient(reply);

    // A person with a typing mistake is not a dictionary attack: logged in, nobody is cut off. Nor is who meets our trouble or
    // limits, up to as many as a message may have: it must still go to those that were accepted.
    private async ValueTask<bool> CountRefusedRecipient(Reply reply)
    {
        if (_recipientsRefusedHere > _options.Recipients) _idleCommands++;
        return _login is not null || reply.Code < 500 || ++_refusedRecipients < _options.RefusedRecipients
            || await End(Replies.TooManyRefusedRecipients, Reason.RefusedRecipients);
    }

    // What this listener does not have is not named.
    public ValueTask<bool> TellHelp() => Say(Replies.Help.With(string.Join(' ', SmtpCommand.All.Where(IsOffered).Select(command => command.Verb))));

    private bool IsOffered(SmtpCommand command) =>
        command.Check(this) is not { } no || (no != Replies.NotImplemented && no != Replies.UnknownCommand);

    public ValueTask<bool> Rset(ReadOnlyMemory<byte> argument)
    {
        if (!argument.IsEmpty) return Bad(Replies.NoArgument);
        Reset();
        return Say(Replies.Ok);
    }

    public async ValueTask<bool> Quit(ReadOnlyMemory<byte> argument)
    {
        if (!argument.IsEmpty) return await Bad(Replies.NoArgument);
        Reset();
        connection.End(Reason.Quit);
        await Say(Replies.Goodbye);
        return false;
    }
}
