using System.Buffers;
using System.Text;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>EHLO, HELO, LHLO, STARTTLS, and the small commands.</summary>
internal sealed partial class SmtpSession
{
    private static readonly SearchValues<byte> HostCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:[]+/=!#$%&'*?^`{|}~"u8);

    // RFC 5321 §4.1.1.1. §4.1.4 forbids to refuse mail because the name does not prove true, and real clients give names
    // with underscores and worse; but it goes into the Received field, so nothing that has a meaning there.
    internal Reply? CheckHello()
    {
        var name = _argument.Span.Trim((byte)' ');
        return name.Length is > 0 and <= 255 && !name.ContainsAnyExcept(HostCharacters) ? null : Replies.BadHostName;
    }

    internal ValueTask HeloAsync()
    {
        Greet(extended: false);
        return SayAsync(Replies.Hello.With(_options.Hostname));
    }

    internal ValueTask EhloAsync()
    {
        Greet(extended: true);
        var lines = Extensions();
        var reply = new StringBuilder();
        for (var i = 0; i < lines.Count; i++) reply.Append("250").Append(i == lines.Count - 1 ? ' ' : '-').Append(lines[i]).Append("\r\n");
        var octets = Encoding.ASCII.GetBytes(reply.ToString());
        connection.Output.Write(octets);
        _unflushed += octets.Length;
        SmtpMeters.Replied(_kind, Replies.Hello);
        return default;
    }

    internal Reply? CheckStartTls() =>
        connection.Tls is not null ? Replies.AlreadyTls
        : connection.CanStartTls ? null
        : Replies.NotImplemented;

    // RFC 3207 §4.2: all knowledge from before the handshake goes. What was sent in clear behind the command is never read
    // as commands, before or after: the session ends.
    internal async ValueTask StartTlsAsync()
    {
        if (connection.HasBuffered)
        {
            Close(Replies.ClearAfterStartTls);
            return;
        }
        var goAhead = new ArrayBufferWriter<byte>(64);
        Replies.ReadyForTls.WriteTo(goAhead);
        SmtpMeters.Replied(_kind, Replies.ReadyForTls);
        if (!await FlushAsync() || !await connection.StartTlsAsync(goAhead.WrittenMemory, connection.Aborted))
        {
            Close(Replies.ClearAfterStartTls);
            return;
        }
        DropTransaction();
        _helo = null;
        _login = null;
    }

    internal Reply? CheckVrfy() => _argument.IsEmpty ? Replies.BadRecipientPath : null;

    internal ValueTask HelpAsync() => SayAsync(Replies.Help.With(
        string.Join(' ', SmtpVerbs.Table.Where(v => !v.When.HasFlag(IsLmtp ? When.Smtp : When.Lmtp)).Select(v => v.Name))));

    internal ValueTask QuitAsync()
    {
        Say(Replies.Goodbye);
        _closing = true;
        connection.EndReason = "quit";
        return default;
    }

    // RFC 5321 §4.1.4: EHLO in a session is a reset too.
    private void Greet(bool extended)
    {
        DropTransaction();
        _helo = Text(_argument).Trim(' ');
        _extended = extended;
    }

    // True on this connection, now.
    private List<string> Extensions()
    {
        List<string> lines =
        [
            _options.Hostname,
            "PIPELINING",
            $"SIZE {_options.MessageSize}",
            "8BITMIME",
            "SMTPUTF8",
            "CHUNKING",
            "ENHANCEDSTATUSCODES",
            "DSN",
            $"LIMITS MAILMAX={_options.Transactions} RCPTMAX={_options.Recipients}",
        ];
        if (connection.CanStartTls) lines.Add("STARTTLS");
        var mechanisms = Mechanisms();
        if (mechanisms.Count > 0 && _login is null) lines.Add($"AUTH {string.Join(' ', mechanisms)}");
        return lines;
    }

    // RFC 3848 and RFC 6531 §4.3
    private string Protocol(bool utf8)
    {
        if (!_extended) return "SMTP";
        var secure = connection.Tls is null ? "" : "S";
        var login = _login is null ? "" : "A";
        var name = (IsLmtp, utf8) switch
        {
            (true, true) => "UTF8LMTP",
            (true, false) => "LMTP",
            (false, true) => "UTF8SMTP",
            _ => "ESMTP",
        };
        return $"{name}{secure}{login}";
    }
}
