using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.ManageSieve;

/// <summary>RFC 5804 §2.1: the exchange itself is Net's. No mechanism here negotiates a security layer, so nothing is re-sent after
/// it.</summary>
internal static class AuthenticateCommand
{
    private static readonly Response Unreadable = Response.Bad("The SASL message cannot be read");

    public static async ValueTask<Response> RunAsync(ManageSieveSession session, Command command)
    {
        if (!TryArguments(command, out var mechanism, out var initial)) return Response.Syntax;
        // RFC 5804 §1.3: ENCRYPT-NEEDED, said before a password is looked at.
        if (!Capabilities.MayLogIn(session)) return Response.No("Log in under TLS only", "ENCRYPT-NEEDED");
        var sasl = Capabilities.Mechanisms(session).Contains(mechanism, StringComparer.Ordinal)
            ? SaslServer.Start(mechanism, session.Server.Authenticator,
                new(session.Connection.Id, session.Connection.Origin.Kind, session.Connection.Origin.Remote.Address, mechanism),
                    session.Connection.Tls)
            : null;
        if (sasl is null) return Response.No("That mechanism is not offered");
        if (initial is null) return await ExchangeAsync(session, sasl, null);
        return FromBase64(initial, out var response) ? await ExchangeAsync(session, sasl, response) : Unreadable;
    }

    private static bool TryArguments(Command command, out string mechanism, out byte[]? initial)
    {
        (mechanism, initial) = ("", null);
        var g = command.Arguments();
        if (!g.Sp() || !g.String(out mechanism)) return false;
        mechanism = mechanism.ToUpperInvariant();
        if (g.Sp())
        {
            if (!g.String(out ReadOnlySpan<byte> first)) return false;
            initial = first.ToArray();
        }
        return g.End();
    }

    private static async ValueTask<Response> ExchangeAsync(ManageSieveSession session, SaslServer sasl, byte[]? response)
    {
        var ended = Unreadable;
        var step = await sasl.RunAsync(response, TurnAsync, session.Cancel);
        return step switch
        {
            null => ended,
            SaslStep.Success success => Succeeded(session, success),
            SaslStep.Failure { Reason: SaslFailure.Malformed } => Unreadable,
            _ => await FailedAsync(session, (step as SaslStep.Failure)?.Advice),
        };

        async ValueTask<byte[]?> TurnAsync(ReadOnlyMemory<byte> challenge)
        {
            (ended, var octets) = await AskAsync(session, challenge);
            return octets;
        }
    }

    private static Response Succeeded(ManageSieveSession session, SaslStep.Success success)
    {
        var (log, id, remote) = (session.Server.Log, session.Connection.Id, session.Connection.Origin.Remote.Address);
        if (!session.TryLogIn(success.Principal))
        {
            ManageSieveLog.TooManySessions(log, id, success.Principal.Address, remote);
            Count("limit");
            return Response.No("Too many sessions of this user from this address", "TRYLATER");
        }
        Count("ok");
        ManageSieveLog.LoggedIn(log, id, success.Principal.Address, remote);
        // RFC 5804 §1.3 SASL: data that comes with success.
        return Response.Ok("Welcome", success.FinalData.IsEmpty ? "" : $"SASL \"{Convert.ToBase64String(success.FinalData.Span)}\"");
    }

    private static async ValueTask<Response> FailedAsync(ManageSieveSession session, LoginAdvice? advice)
    {
        Count("wrong");
        if (session.Options.FailedLoginDelay > TimeSpan.Zero)
        {
            await session.Writer.FlushAsync();
            await Task.Delay(session.Options.FailedLoginDelay, session.Server.Clock, session.Cancel);
        }
        if (!session.FailsOnceTooOften()) return advice switch
        {
            null => Response.No("User or password is wrong"),
            // RFC 5804 §1.3: AUTH-TOO-WEAK when the site's policy does not take it for this user, TRYLATER when it may work later.
            { Kind: LoginAdviceKind.AppPasswordNeeded } => Response.No(advice.Text, "AUTH-TOO-WEAK"),
            { Kind: LoginAdviceKind.Unavailable } => Response.No(advice.Text, "TRYLATER"),
            _ => Response.No(advice.Text),
        };
        return Response.Bye(Reason.FailedLogins, "User or password is wrong, too often");
    }

    private static void Count(string result) => ManageSieveMeters.Logins.Add(1, new KeyValuePair<string, object?>("result", result));

    /// <summary>Octets null: answer the command with the response.</summary>
    private static async ValueTask<(Response Ended, byte[]? Octets)> AskAsync(ManageSieveSession session, ReadOnlyMemory<byte> challenge)
    {
        // RFC 5804 §4: a string is quoted or a literal. Cyrus' own server sends literals, and its sivtest knows challenges as nothing else.
        if (challenge.IsEmpty) session.Writer.String("").Line();
        else session.Writer.Literal(Encoding.ASCII.GetBytes(Convert.ToBase64String(challenge.Span))).Line();
        var (status, text) = await session.ReadStringAsync();
        switch (status)
        {
            case CommandReadStatus.Complete when text is not null:
                // RFC 5804 §2.1: "*" cancels.
                if (text.AsSpan().SequenceEqual("*"u8)) return (Response.No("Cancelled"), null);
                return FromBase64(text, out var octets) ? (default, octets) : (Unreadable, null);
            case CommandReadStatus.Complete or CommandReadStatus.Refused:
                return (Unreadable, null);
            case CommandReadStatus.TimedOut:
                return (Response.Bye(Reason.Timeout, "Log in faster"), null);
            case CommandReadStatus.Hopeless:
                return (Response.Bye(Reason.BadLiteral, "The SASL message cannot be read"), null);
            default:
                session.Over = true;
                return (Response.Silent, null);
        }
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
