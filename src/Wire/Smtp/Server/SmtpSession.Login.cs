using System.Buffers.Text;
using System.Text;
using Aviso.Base;
using Aviso.Net;

namespace Aviso.Smtp;

/// <summary>STARTTLS (RFC 3207) and AUTH (RFC 4954).</summary>
internal sealed partial class SmtpSession
{
    public Reply? CheckStartTls() =>
        connection.Tls is not null ? Replies.AlreadyTls : connection.CanStartTls ? null : Replies.NotImplemented;

    public async ValueTask<bool> StartTls(ReadOnlyMemory<byte> argument)
    {
        if (!argument.IsEmpty) return await Bad(Replies.NoArgument);
        if (connection.HasBuffered) return await End(Replies.ClearAfterStartTls, Reason.ClearAfterStartTls);
        var goAhead = Encoding.ASCII.GetBytes(Replies.ReadyForTls + "\r\n");
        SmtpMeters.Replied(_kind, Replies.ReadyForTls);
        if (!await connection.StartTlsAsync(goAhead, connection.Aborted)) return false;
        // RFC 3207 §4.2: what the client said before is forgotten.
        Reset();
        connection.Login = _login = null;
        _helo = "";
        _extended = false;
        return true;
    }

    public Reply? CheckAuth()
    {
        if (server.Authenticator is null) return Replies.NotImplemented;
        if (_login is not null) return Replies.AlreadyLoggedIn;
        if (_transaction is not null) return Replies.LoginInTransaction;
        return connection.Tls is null && !connection.Origin.ClearLoginAllowed ? Replies.EncryptionFirst : null;
    }

    public async ValueTask<bool> Auth(ReadOnlyMemory<byte> argument)
    {
        var words = Encoding.ASCII.GetString(argument.Span).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 2) return await Bad(Replies.BadAuthSyntax);
        var attempt = new LoginAttempt(
            connection.Id, connection.Origin.Kind, connection.Origin.Remote.Address, words[0].ToUpperInvariant());
        if (SaslServer.Start(words[0], server.Authenticator!, attempt, connection.Tls) is not { } sasl)
            return await Bad(Replies.UnknownMechanism);
        byte[]? answer = null;
        // RFC 4954 §4: "=" is an empty initial response
        if (words.Length == 2 && words[1] != "=" && !TryBase64(words[1], out answer)) return await Bad(Replies.BadLoginData);
        if (words is [_, "="]) answer = [];
        return await Exchange(sasl, attempt, answer);
    }

    private async ValueTask<bool> Exchange(SaslServer sasl, LoginAttempt attempt, byte[]? answer)
    {
        ReadOnlyMemory<byte> challenge = sasl.FirstChallenge;
        // A mechanism of ours asks at most four times; more is a fault of ours, not a loop for the peer to hold.
        for (var turn = 0; turn < 8; turn++)
        {
            if (answer is null)
            {
                await Say(Replies.Challenge.With(Convert.ToBase64String(challenge.Span)));
                if (!await Flush()) return false;
                var read = await connection.ReadLineAsync(LongestAuthLine, _options.CommandPatience);
                if (read.Status == ReadStatus.TimedOut) return await End(Replies.TimedOut, Reason.Timeout);
                if (read.Status == ReadStatus.TooLong) return await TooLong(Replies.LoginLineTooLong);
                if (read.Status != ReadStatus.Complete) return false;
                if (!read.EndedByCrLf) return await End(Replies.BareLineFeed, Reason.BareLineFeed);
                if (read.Line.Span.SequenceEqual("*"u8)) return await Say(Replies.LoginCancelled);
                if (!TryBase64(Encoding.Latin1.GetString(read.Line.Span), out answer)) return await Bad(Replies.BadLoginData);
            }
            SaslStep step;
            try
            {
                step = await sasl.NextAsync(answer, connection.Aborted);
            }
            catch (LoginOverloadException)
            {
                return await Refuse(Replies.LoginOverload, "logins wait");
            }
            answer = null;
            switch (step)
            {
                case SaslStep.Challenge next:
                    challenge = next.Octets;
                    continue;
                case SaslStep.Success success:
                    connection.Login = _login = success.Principal;
                    connection.KeepsLongLines = false;
                    server.Log.LoggedIn(connection.Id, attempt.Remote, attempt.Mechanism, success.Principal.Address);
                    return await Say(Replies.LoggedIn);
                case SaslStep.Failure failure:
                    return await FailLogin(attempt, sasl.User, failure);
            }
        }
        throw new InvalidOperationException($"{attempt.Mechanism} asked without end");
    }

    private async ValueTask<bool> FailLogin(LoginAttempt attempt, string? user, SaslStep.Failure failure)
    {
        server.Log.LoginFailed(connection.Id, attempt.Remote, attempt.Mechanism, user ?? "", failure.Cause);
        if (failure.Reason == SaslFailure.Malformed) return await Bad(Replies.BadLoginData);
        await Say(failure.Advice switch
        {
            null => Replies.LoginRefused,
            // RFC 4954 §4.7: 534 5.7.9, a stronger proof is needed for this user.
            { Kind: LoginAdviceKind.AppPasswordNeeded } advice => Replies.LoginTooWeak.With(advice.Text),
            { Kind: LoginAdviceKind.Unavailable } advice => Replies.LoginUnavailable.With(advice.Text),
            { } advice => Replies.LoginNotHere.With(advice.Text),
        });
        return !_line.IsOneFailureTooMany() || await End(Replies.TooManyFailedLogins, Reason.FailedLogins);
    }

    private static bool TryBase64(string text, out byte[]? octets)
    {
        octets = null;
        if (!Base64.IsValid(text) || text.AsSpan().ContainsAny(" \t\r\n")) return false;
        octets = Convert.FromBase64String(text);
        return true;
    }
}
