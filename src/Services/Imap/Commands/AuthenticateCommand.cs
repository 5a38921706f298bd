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
        if (response is null && !ReadResponse(await AskAsync(session, sasl.FirstChallenge), out response)) return Completion.Bad(
            "Cancelled");
        while (true)
        {
            var step = await sasl.NextAsync(response, session.Cancel);
            switch (step)
            {
                case SaslStep.Challenge challenge:
                    if (!ReadResponse(await AskAsync(session, challenge.Octets), out response)) return Completion.Bad("Cancelled");
                    break;
                case SaslStep.Success success:
                    // RFC 9051 §6.2.2: IMAP has no place for data with success; it goes as one more challenge.
                    if (success.FinalData.Length > 0
                        && !ReadResponse(await AskAsync(session, success.FinalData), out _)) return Completion.Bad("Cancelled");
                    return await LoginCommand.SucceededAsync(session, success.Principal);
                case SaslStep.Failure { Reason: SaslFailure.Malformed }:
                    return Completion.Bad("The SASL message cannot be read");
                default:
                    return await LoginCommand.FailedAsync(session, "wrong", (step as SaslStep.Failure)?.Advice);
            }
        }
    }

    private static async ValueTask<LineRead> AskAsync(ImapSession session, ReadOnlyMemory<byte> challenge)
    {
        session.Writer.Bytes("+ "u8).Text(Convert.ToBase64String(challenge.Span)).Line();
        await session.Writer.FlushAsync();
        return await session.Connection.ReadLineAsync(session.Options.AuthenticateLine, session.ReadPatience(true));
    }

    private static bool ReadResponse(LineRead read, out byte[] response)
    {
        response = [];
        return read.Status == ReadStatus.Complete && !read.Line.Span.SequenceEqual("*"u8) && FromBase64(read.Line.Span, out response);
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
