using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Aviso.Net;

namespace Aviso.Pop3;

/// <summary>RFC 5034 §4: the exchange itself is Net's.</summary>
internal static class AuthCommand
{
    private static readonly Reply Unreadable = Reply.Bad("The SASL message cannot be read");
    private static readonly Reply Cancelled = Reply.Bad("Cancelled");

    public static async ValueTask<Reply> RunAsync(Pop3Session session, Command command)
    {
        var words = command.Words(2);
        // RFC 1734 had no way to ask; older clients take a bare AUTH for one.
        if (command.IsBare) return await ListAsync(session);
        if (words.Length == 0) return Reply.Syntax;
        if (Logins.RefusedInTheClear(session) is { } refused) return refused;
        var mechanism = words[0].ToUpperInvariant();
        var attempt = Logins.Attempt(session, mechanism);
        var sasl = Capabilities.Mechanisms(session).Contains(mechanism, StringComparer.Ordinal)
            ? SaslServer.Start(mechanism, session.Server.Authenticator, attempt, session.Connection.Tls)
            : null;
        if (sasl is null) return Reply.No("", "That mechanism is not offered");
        if (words.Length == 1) return await ExchangeAsync(session, sasl, null);
        // RFC 5034 §4: an empty initial response is "=".
        if (words[1] == "=") return await ExchangeAsync(session, sasl, []);
        return FromBase64(Encoding.UTF8.GetBytes(words[1]), out var initial) ? await ExchangeAsync(session, sasl, initial) : Unreadable;
    }

    private static async ValueTask<Reply> ListAsync(Pop3Session session)
    {
        session.Writer.Begin(Reply.Ok("Mechanisms"));
        foreach (var mechanism in Capabilities.Mechanisms(session)) session.Writer.Line(mechanism);
        session.Writer.End();
        await session.Writer.GoOnAsync();
        return Reply.Silent;
    }

    private static async ValueTask<Reply> ExchangeAsync(Pop3Session session, SaslServer sasl, byte[]? response)
    {
        var ended = Cancelled;
        var step = await sasl.RunAsync(response, TurnAsync, session.Cancel);
        return step switch
        {
            null => ended,
            // RFC 5034 §4: data with success has no place in +OK; it goes as one more challenge.
            SaslStep.Success { FinalData.Length: > 0 } late when await TurnAsync(late.FinalData) is null => ended,
            SaslStep.Success success => await Logins.SucceededAsync(session, success.Principal),
            SaslStep.Failure { Reason: SaslFailure.Malformed } => Unreadable,
            _ => await Logins.FailedAsync(session, (step as SaslStep.Failure)?.Advice),
        };

        async ValueTask<byte[]?> TurnAsync(ReadOnlyMemory<byte> challenge)
        {
            (ended, var octets) = await AskAsync(session, challenge);
            return octets;
        }
    }

    /// <summary>Octets null: answer the command with the reply.</summary>
    private static async ValueTask<(Reply Ended, byte[]? Octets)> AskAsync(Pop3Session session, ReadOnlyMemory<byte> challenge)
    {
        session.Writer.Line("+ " + Convert.ToBase64String(challenge.Span));
        await session.Writer.FlushAsync();
        var read = await session.Connection.ReadLineAsync(session.Server.Options.AuthLine, session.Patience());
        session.Heard();
        if (read.Status == ReadStatus.Complete)
        {
            if (read.Line.Span.SequenceEqual("*"u8)) return (Cancelled, null);
            return FromBase64(read.Line.Span, out var octets) ? (default, octets) : (Unreadable, null);
        }
        if (read.Status == ReadStatus.TooLong) return (Unreadable, null);
        session.Over = true;
        return (Reply.Silent, null);
    }

    private static bool FromBase64(ReadOnlySpan<byte> text, out byte[] octets)
    {
        octets = [];
        var room = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text, room, out var used, out var written) != OperationStatus.Done || used != text.Length) return false;
        octets = room[..written];
        return true;
    }
}
