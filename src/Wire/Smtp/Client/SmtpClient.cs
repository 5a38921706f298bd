using System.Buffers;
using System.Globalization;
using System.Net.Security;
using System.Text;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>
/// One session with a next hop (RFC 5321 client side): greeting, EHLO, STARTTLS, AUTH, then any number of messages, then QUIT.
/// A message is delivered only when the reply to its end of data said so; everything else is a failure with a reason. After a
/// failure that is not <see cref="SmtpTrouble.Refused"/> the session is dead. Not thread-safe.
/// </summary>
public sealed class SmtpClient : IAsyncDisposable
{
    private const int Piece = 32 * 1024;

    // RFC 2920 §3.1: a group must fit the send window or both sides wait for each other; replies to this many are small.
    private const int GroupRecipients = 100;

    private readonly ClientWire _wire;
    private readonly SmtpClientOptions _options;
    private readonly string _host;

    private SmtpClient(ClientWire wire, string host, SmtpClientOptions options)
    {
        _wire = wire;
        _host = host;
        _options = options;
    }

    public PeerFeatures Features { get; private set; } = PeerFeatures.None;

    /// <summary>"TLS 1.3 TLS_AES_256_GCM_SHA384", or empty in the clear.</summary>
    public string TlsDescription => _wire.Tls is { } tls ? $"{tls.SslProtocol} {tls.NegotiatedCipherSuite}" : "";

    /// <summary>False once the conversation is out of step or ended.</summary>
    public bool Alive { get; private set; } = true;

    /// <summary>Messages begun in this session.</summary>
    public int Messages { get; private set; }

    /// <summary>May another message go this way.</summary>
    public bool Reusable => Alive && Messages < Features.MaxMessages;

    private SmtpClientTimeouts Wait => _options.Timeouts;

    /// <summary>
    /// Greets over a connected stream, which the client then owns. <paramref name="host"/> is the name certificates are checked
    /// against. With <paramref name="implicitTls"/> TLS comes first (RFC 8314 §3.3). Returns a client, or the failure.
    /// </summary>
    public static async Task<(SmtpClient? Client, SmtpFailure? Failure)> OpenAsync(
        Stream stream, string host, TlsDemand tls, bool implicitTls, SmtpClientOptions options, CancellationToken cancel)
    {
        var client = new SmtpClient(new ClientWire(stream, options.Clock), host, options);
        SmtpFailure? failure;
        try
        {
            failure = await client.GreetAsync(tls, implicitTls, cancel);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
        if (failure is null) return (client, null);
        // RFC 5321 §4.1.1.10: a client that goes says so; a peer that is gone or garbled is just left.
        if (failure.Trouble is SmtpTrouble.Refused or SmtpTrouble.Unsupported) await client.QuitAsync(cancel);
        await client.DisposeAsync();
        return (null, failure);
    }

    /// <summary>AUTH (RFC 4954). Null on success.</summary>
    public async Task<SmtpFailure?> AuthenticateAsync(string user, string password, CancellationToken cancel)
    {
        var login = SaslClient.Start(Features.AuthMechanisms, user, password);
        if (login is null)
            return Dead(new(SmtpStage.Auth, SmtpTrouble.Unsupported, null,
                $"{_host} offers no login we know (offered: {string.Join(' ', Features.AuthMechanisms.Take(10))})"));
        var line = login.InitialResponse is { } initial
            ? $"AUTH {login.Mechanism} {Convert.ToBase64String(initial.Span)}" : $"AUTH {login.Mechanism}";
        for (var steps = 0; steps < 8; steps++)
        {
            var (reply, _, failure) = await ExchangeAsync(line, SmtpStage.Auth, Wait.Command, cancel);
            if (failure is not null) return Dead(failure);
            if (reply!.Code == 235)
                return login.MayBelieveSuccess ? null
                    : Dead(new(SmtpStage.Auth, SmtpTrouble.Garbled, reply, "the server did not prove that it knows the password"));
            if (reply.Code != 334) return Dead(Refused(SmtpStage.Auth, reply));
            var challenge = Decode(reply.Text);
            // RFC 4954 §4: "*" cancels.
            line = challenge is not null && login.Next(challenge) is { } answer ? Convert.ToBase64String(answer) : "*";
        }
        return Dead(new(SmtpStage.Auth, SmtpTrouble.Garbled, null, "the login does not come to an end"));
    }

    /// <summary>Sends one message; one outcome a recipient, in order. At most <see cref="PeerFeatures.MaxRecipients"/>
    /// recipients.</summary>
    public async Task<IReadOnlyList<RecipientOutcome>> SendAsync(OutgoingMail mail, CancellationToken cancel)
    {
        if (Unable(mail) is { } unable) return mail.Recipients.Select(_ => new RecipientOutcome(null, unable)).ToList();
        Messages++;
        var (outcomes, failure) = await EnvelopeAsync(mail, cancel);
        if (failure is null && outcomes.Any(o => o is null))
            failure = mail.Body == BodyType.BinaryMime
                ? await ChunksAsync(mail, outcomes, cancel) : await DataAsync(mail, outcomes, cancel);
        else if (failure is null) failure = await ResetAsync(cancel);
        if (failure is not null && failure.Trouble != SmtpTrouble.Refused) Alive = false;
        // A broken wire after some were refused: those refusals stand, the rest is not known.
        return outcomes.Select(o => o ?? new RecipientOutcome(null, failure)).ToList();
    }

    /// <summary>Says goodbye; waits for the reply a moment only.</summary>
    public async Task QuitAsync(CancellationToken cancel)
    {
        if (!Alive) return;
        Alive = false;
        await ExchangeAsync("QUIT", SmtpStage.Quit, Wait.Quit, cancel);
    }

    public ValueTask DisposeAsync()
    {
        Alive = false;
        return _wire.DisposeAsync();
    }

    private async Task<SmtpFailure?> GreetAsync(TlsDemand tls, bool implicitTls, CancellationToken cancel)
    {
        if (implicitTls && await SecureAsync(tls, cancel) is { } noTls) return noTls;
        var (greeting, _, failure) = await _wire.ReadReplyAsync(SmtpStage.Greeting, Wait.Greeting, cancel);
        if (failure is not null) return Dead(failure);
        if (greeting!.Code != 220) return Refused(SmtpStage.Greeting, greeting);
        if (await EhloAsync(cancel) is { } noEhlo) return noEhlo;
        if (implicitTls || tls == TlsDemand.None) return null;
        if (!Features.StartTls)
            return tls == TlsDemand.Opportunistic ? null
                : new(SmtpStage.StartTls, SmtpTrouble.Unsupported, null, $"TLS is required and {_host} does not offer STARTTLS");
        return await StartTlsAsync(tls, cancel);
    }

    // RFC 5321 §3.2: EHLO, and HELO for a server that does not know it.
    private async Task<SmtpFailure?> EhloAsync(CancellationToken cancel)
    {
        var (reply, lines, failure) = await ExchangeAsync("EHLO " + _options.HeloName, SmtpStage.Ehlo, Wait.Command, cancel);
        if (failure is not null) return Dead(failure);
        if (reply!.IsPositive)
        {
            Features = PeerFeatures.Read(lines);
            return null;
        }
        if (reply.Code is not (500 or 501 or 502 or 504 or 550)) return Refused(SmtpStage.Ehlo, reply);
        (reply, _, failure) = await ExchangeAsync("HELO " + _options.HeloName, SmtpStage.Ehlo, Wait.Command, cancel);
        if (failure is not null) return Dead(failure);
        Features = PeerFeatures.None;
        return reply!.IsPositive ? null : Refused(SmtpStage.Ehlo, reply);
    }

    private async Task<SmtpFailure?> StartTlsAsync(TlsDemand tls, CancellationToken cancel)
    {
        var (reply, _, failure) = await ExchangeAsync("STARTTLS", SmtpStage.StartTls, Wait.Command, cancel);
        if (failure is not null) return Dead(failure);
        if (reply!.Code != 220) return tls == TlsDemand.Opportunistic ? null : Refused(SmtpStage.StartTls, reply);
        return await SecureAsync(tls, cancel) ?? await EhloAsync(cancel); // RFC 3207 §4.2: forget everything, greet anew
    }

    private async Task<SmtpFailure?> SecureAsync(TlsDemand tls, CancellationToken cancel) =>
        await _wire.StartTlsAsync(_host, Check(tls), _options.Roots, Wait.Handshake, cancel) is { } failure ? Dead(failure) : null;

    // Null: the platform's own check.
    private RemoteCertificateValidationCallback? Check(TlsDemand tls) => tls == TlsDemand.Verified ? _options.Verify
        : (sender, certificate, chain, errors) =>
        {
            _options.Observe?.Invoke(sender, certificate, chain, errors);
            return true;
        };

    // What this session cannot carry, said before anything is sent.
    private SmtpFailure? Unable(OutgoingMail mail)
    {
        if (mail.SmtpUtf8 && !Features.SmtpUtf8) return Unsupported("5.6.7 the next hop does not take internationalised mail (SMTPUTF8)");
        if (mail.RequireTls && !(Features.RequireTls && _wire.Tls is not null))
            return Unsupported("5.7.30 the next hop does not promise to keep the message under TLS (REQUIRETLS)");
        if (mail.Body == BodyType.BinaryMime && !(Features.BinaryMime && Features.Chunking))
            return Unsupported("5.6.1 the next hop does not take binary mail (BINARYMIME)");
        if (Features.MaxSize > 0 && mail.Size > Features.MaxSize)
            return Unsupported($"5.3.4 the message has {mail.Size} octets, the next hop takes {Features.MaxSize}");
        if (!IsSafePath(mail.Sender) || mail.Recipients.Any(r => !IsSafePath(r.Address) || r.Address.Length == 0))
            return Unsupported("5.1.3 an address that cannot stand in a command");
        return null;
    }

    private static SmtpFailure Unsupported(string text) => new(SmtpStage.Mail, SmtpTrouble.Unsupported, null, text);

    // An address comes from a parser, but nothing that could end the path or the line may ever leave here.
    private static bool IsSafePath(string path) => !path.AsSpan().ContainsAny("\r\n\0") && path.Length <= 1000
        && (!path.AsSpan().ContainsAny("<> ") || path.StartsWith('"'));

    // MAIL and RCPTs, in one group when the peer pipelines. Null in the list: accepted so far.
    private async Task<(RecipientOutcome?[] Outcomes, SmtpFailure? Failure)> EnvelopeAsync(OutgoingMail mail, CancellationToken cancel)
    {
        var outcomes = new RecipientOutcome?[mail.Recipients.Count];
        var lines = new List<string> { MailLine(mail) };
        lines.AddRange(mail.Recipients.Select(RcptLine));
        var group = Features.Pipelining ? GroupRecipients : 1;
        SmtpFailure? refusedSender = null;
        for (var sent = 0; sent < lines.Count; sent += group)
        {
            var now = Math.Min(group, lines.Count - sent);
            var failure =
                await _wire.WriteAsync(string.Join("\r\n", lines.GetRange(sent, now)) + "\r\n", StageOf(sent), Wait.Command, cancel);
            for (var i = sent; i < sent + now && failure is null; i++)
            {
                var (reply, _, broken) = await _wire.ReadReplyAsync(StageOf(i), Wait.Command, cancel);
                failure = broken;
                if (reply is null || reply.IsPositive) continue;
                if (i == 0) refusedSender = Refused(SmtpStage.Mail, reply);
                else outcomes[i - 1] = new(reply, refusedSender ?? Refused(SmtpStage.Rcpt, reply));
                if (reply.Code == 421) failure = Closing(StageOf(i), reply);
            }
            if (failure is not null) return (outcomes, failure);
            if (refusedSender is not null) return (AllRefused(outcomes, refusedSender), null);
        }
        return (outcomes, null);
    }

    private static SmtpStage StageOf(int line) => line == 0 ? SmtpStage.Mail : SmtpStage.Rcpt;

    private static RecipientOutcome?[] AllRefused(RecipientOutcome?[] outcomes, SmtpFailure failure)
    {
        Array.Fill(outcomes, new RecipientOutcome(failure.Reply, failure));
        return outcomes;
    }

    private async Task<SmtpFailure?> DataAsync(OutgoingMail mail, RecipientOutcome?[] outcomes, CancellationToken cancel)
    {
        var (reply, _, failure) = await ExchangeAsync("DATA", SmtpStage.Data, Wait.DataStart, cancel);
        if (failure is not null) return failure;
        if (reply!.Code != 354)
        {
            // 2xx to DATA is no SMTP; the transaction's state is unknown.
            if (reply.IsPositive) return new(SmtpStage.Data, SmtpTrouble.Garbled, reply, "unexpected reply to DATA: " + reply);
            Settle(outcomes, reply, SmtpStage.Data);
            return reply.Code == 421 ? Closing(SmtpStage.Data, reply) : await ResetAsync(cancel);
        }
        failure = await StuffedBodyAsync(mail, cancel);
        return failure ?? await FinalReplyAsync(outcomes, cancel);
    }

    private async Task<SmtpFailure?> StuffedBodyAsync(OutgoingMail mail, CancellationToken cancel)
    {
        var from = ArrayPool<byte>.Shared.Rent(Piece);
        var into = ArrayPool<byte>.Shared.Rent(ClientDataWriter.MaxOutput(Piece));
        try
        {
            var stuffing = new ClientDataWriter();
            for (long at = 0; ;)
            {
                var read = mail.Read(at, from.AsSpan(0, Piece));
                if (read == 0) break;
                at += read;
                var made = stuffing.Write(from.AsSpan(0, read), into);
                if (await _wire.WriteAsync(into.AsMemory(0, made), SmtpStage.Body, Wait.DataBlock, cancel) is { } failure)
                    return await LastWordAsync(failure, cancel);
            }
            var end = stuffing.Finish(into);
            return await _wire.WriteAsync(into.AsMemory(0, end), SmtpStage.Body, Wait.DataBlock, cancel);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(from);
            ArrayPool<byte>.Shared.Return(into);
        }
    }

    // A server may refuse and close in the middle of the data; its words, if they came, say more than "connection lost".
    private async Task<SmtpFailure> LastWordAsync(SmtpFailure failure, CancellationToken cancel)
    {
        if (failure.Trouble != SmtpTrouble.Closed) return failure;
        var (reply, _, _) = await _wire.ReadReplyAsync(SmtpStage.Body, TimeSpan.FromSeconds(1), cancel);
        Alive = false;
        return reply is { IsPositive: false } ? Refused(SmtpStage.Body, reply) : failure;
    }

    // RFC 3030 §2: the size is told, the octets go as they are.
    private async Task<SmtpFailure?> ChunksAsync(OutgoingMail mail, RecipientOutcome?[] outcomes, CancellationToken cancel)
    {
        const int chunk = 1024 * 1024;
        var piece = ArrayPool<byte>.Shared.Rent(Piece);
        try
        {
            for (long at = 0; ;)
            {
                var size = (int)Math.Min(chunk, mail.Size - at);
                var last = at + size == mail.Size;
                var failure = await _wire.WriteAsync($"BDAT {size}{(last ? " LAST" : "")}\r\n", SmtpStage.Body, Wait.DataBlock, cancel);
                for (var end = at + size; at < end && failure is null;)
                {
                    var read = mail.Read(at, piece.AsSpan(0, (int)Math.Min(Piece, end - at)));
                    if (read == 0) throw new EndOfStreamException("the stored message is shorter than its size");
                    at += read;
                    failure = await _wire.WriteAsync(piece.AsMemory(0, read), SmtpStage.Body, Wait.DataBlock, cancel);
                }
                if (failure is not null) return failure;
                if (last) return await FinalReplyAsync(outcomes, cancel);
                var (reply, _, broken) = await _wire.ReadReplyAsync(SmtpStage.Body, Wait.DataEnd, cancel);
                if (broken is not null) return broken;
                if (reply!.IsPositive) continue;
                Settle(outcomes, reply, SmtpStage.Body);
                return reply.Code == 421 ? Closing(SmtpStage.Body, reply) : await ResetAsync(cancel);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    // RFC 5321 §4.2.5: only now, and only with 2yz, has the peer taken responsibility.
    private async Task<SmtpFailure?> FinalReplyAsync(RecipientOutcome?[] outcomes, CancellationToken cancel)
    {
        var (reply, _, failure) = await _wire.ReadReplyAsync(SmtpStage.EndOfData, Wait.DataEnd, cancel);
        if (failure is not null) return failure;
        if (reply!.Code / 100 == 3) return new(
            SmtpStage.EndOfData, SmtpTrouble.Garbled, reply, "unexpected reply to the message: " + reply);
        Settle(outcomes, reply, SmtpStage.EndOfData);
        return reply.Code == 421 ? Closing(SmtpStage.EndOfData, reply) : null;
    }

    private static void Settle(RecipientOutcome?[] outcomes, RemoteReply reply, SmtpStage stage)
    {
        var outcome = new RecipientOutcome(reply, reply.IsPositive ? null : Refused(stage, reply));
        for (var i = 0; i < outcomes.Length; i++) outcomes[i] ??= outcome;
    }

    private async Task<SmtpFailure?> ResetAsync(CancellationToken cancel)
    {
        var (reply, _, failure) = await ExchangeAsync("RSET", SmtpStage.Quit, Wait.Command, cancel);
        if (failure is not null || !reply!.IsPositive) Alive = false;
        return null;
    }

    // RFC 5321 §3.8: after 421 the server closes.
    private static SmtpFailure Closing(SmtpStage stage, RemoteReply reply) => new(stage, SmtpTrouble.Closed, reply, reply.ToString());

    private string MailLine(OutgoingMail mail)
    {
        var line = new StringBuilder($"MAIL FROM:<{mail.Sender}>");
        if (Features.Size) line.Append(CultureInfo.InvariantCulture, $" SIZE={mail.Size}");
        if (mail.Body == BodyType.BinaryMime) line.Append(" BODY=BINARYMIME");
        else if (mail.Body == BodyType.EightBitMime && Features.EightBitMime) line.Append(" BODY=8BITMIME");
        if (mail.SmtpUtf8) line.Append(" SMTPUTF8");
        if (mail.RequireTls) line.Append(" REQUIRETLS");
        if (Features.Dsn && mail.Return is { } ret) line.Append(" RET=").Append(ret);
        if (Features.Dsn && mail.EnvelopeId is { Length: > 0 } id) line.Append(" ENVID=").Append(Xtext(id));
        return line.ToString();
    }

    private string RcptLine(OutgoingRecipient recipient)
    {
        var line = new StringBuilder($"RCPT TO:<{recipient.Address}>");
        if (Features.Dsn && recipient.Notify is { Length: > 0 } notify) line.Append(" NOTIFY=").Append(notify);
        if (Features.Dsn && recipient.OriginalRecipient is { Length: > 0 } original && original.Split(';', 2) is [var type, var address])
        {
            // RFC 6533 §3: an address that is not ASCII has a type and a spelling of its own.
            var ascii = Ascii.IsValid(address);
            line.Append(" ORCPT=").Append(ascii ? type : "utf-8").Append(';').Append(ascii ? Xtext(address) : UnitText(address));
        }
        return line.ToString();
    }

    // RFC 3461 §4: xchar is "!" to "~" without "+" and "="; all else "+" and two hex digits
    internal static string Xtext(string plain)
    {
        var text = new StringBuilder(plain.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(plain))
        {
            if (octet is > 32 and < 127 and not ((byte)'+' or (byte)'=')) text.Append((char)octet);
            else text.Append('+').Append(octet.ToString("X2"));
        }
        return text.ToString();
    }

    // RFC 6533 §3: utf-8-addr-xtext, which any peer with DSN can take
    private static string UnitText(string plain)
    {
        var text = new StringBuilder(plain.Length * 2);
        foreach (var rune in plain.EnumerateRunes())
        {
            if (rune.Value is > 32 and < 127 and not ('+' or '=' or '\\')) text.Append((char)rune.Value);
            else text.Append("\\x{").Append(rune.Value.ToString("X")).Append('}');
        }
        return text.ToString();
    }

    private async ValueTask<(RemoteReply? Reply, IReadOnlyList<string> Lines, SmtpFailure? Failure)> ExchangeAsync(
        string line, SmtpStage stage, TimeSpan patience, CancellationToken cancel)
    {
        if (await _wire.WriteAsync(line + "\r\n", stage, patience, cancel) is { } failure) return (null, [], failure);
        return await _wire.ReadReplyAsync(stage, patience, cancel);
    }

    private static SmtpFailure Refused(SmtpStage stage, RemoteReply reply) => new(stage, SmtpTrouble.Refused, reply, reply.ToString());

    private SmtpFailure Dead(SmtpFailure failure)
    {
        if (failure.Trouble is not (SmtpTrouble.Refused or SmtpTrouble.Unsupported)) Alive = false;
        return failure;
    }

    private static byte[]? Decode(string base64)
    {
        var octets = new byte[base64.Length];
        return Convert.TryFromBase64String(base64.Trim(), octets, out var length) ? octets[..length] : null;
    }
}
