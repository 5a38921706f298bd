using System.Buffers.Text;
using Aviso.Net;
namespace Aviso.Imap;

/// <summary>RFC 9051 §6.2.2 with SASL-IR (RFC 4959): the exchange itself is Net's.</summary>
internal static class AuthenticateCommand
{
    public static async ValueTask<Completion> RunAsync(ImapSession session, Command command)
    {
        var g = command.Arguments(session.Utf8Names);
        if (!g.Sp() || !g.Atom(out var name)) return Completion.Syntax;
        byte[]? initial = null;
        if (g.Sp() && !InitialResponse(ref g, out initial)) return Completion.Syntax;
        if (!g.End()) return Completion.Syntax;
        var mechanism = Grammar.AsAscii(name).ToUpperInvariant();
        if (!Capabilities.MayLogIn(session)) return Completion.No("PRIVACYREQUIRED", "Log in under TLS only");
        if (!Capabilities.Mechanisms(session).Contains(mechanism, StringComparer.Ordinal))
            return Completion.No("CANNOT", "That mechanism is not offered");
        var sasl = SaslServer.Start(
            mechanism, session.Server.Authenticator, LoginCommand.Attempt(session, mechanism), session.Connection.Tls);
        return sasl is null ? Completion.No("CANNOT", "That mechanism is not offered") : await ExchangeAsync(session, sasl, initial);
    }

    private static async ValueTask<Completion> ExchangeAsync(ImapSession session, SaslServer sasl, byte[]? response)
    {
        var step = await sasl.RunAsync(response, challenge => AskAsync(session, challenge), session.Cancel);
        return step switch
        {
            null => Completion.Bad("Cancelled"),
            // RFC 9051 §6.2.2: IMAP has no place for data with success; it goes as one more challenge.
            SaslStep.Success { FinalData.Length: > 0 } late when await AskAsync(session, late.FinalData) is null => Completion.Bad("Cancelled"),
            SaslStep.Success success => await LoginCommand.SucceededAsync(session, success.Principal),
            SaslStep.Failure { Reason: SaslFailure.Malformed } => Completion.Bad("The SASL message cannot be read"),
            _ => await LoginCommand.FailedAsync(session, "wrong", (step as SaslStep.Failure)?.Advice),
        };
    }

    /// <summary>Null: cancelled, or no base64.</summary>
    private static async ValueTask<byte[]?> AskAsync(ImapSession session, ReadOnlyMemory<byte> challenge)
    {
        session.Writer.Bytes("+ "u8).Text(Convert.ToBase64String(challenge.Span)).Line();
        await session.Writer.FlushAsync();
        var read = await session.Connection.ReadLineAsync(session.Options.AuthenticateLine, session.ReadPatience(true));
        return read.Status == ReadStatus.Complete && !read.Line.Span.SequenceEqual("*"u8) && FromBase64(read.Line.Span, out var response)
            ? response : null;
    }

    // initial-resp = base64 / "="
    private static bool InitialResponse(ref Grammar g, out byte[]? response)
    {
        response = [];
        if (!g.Atom(out var text)) return false;
        return text.SequenceEqual("="u8) || FromBase64(text, out response!);
    }

    private static bool FromBase64(ReadOnlySpan<byte> text, out byte[] octets)
    {
        octets = [];
        var room = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text, room, out var used, out var written) != System.Buffers.OperationStatus.Done
            || used != text.Length) return false;
        octets = room[..written];
        return true;
    }
}
