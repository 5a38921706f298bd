using System.Text;

namespace Aviso.Net;

/// <summary>Why a SASL exchange ended without a login.</summary>
public enum SaslFailure
{
    /// <summary>The peer's message breaks the grammar or a limit: SMTP 501 5.5.2, IMAP BAD.</summary>
    Malformed,

    /// <summary>Wrong user, password, proof or binding, not told apart: SMTP 535 5.7.8, IMAP NO [AUTHENTICATIONFAILED].</summary>
    Rejected,
}

/// <summary>What the server does next.</summary>
public abstract record SaslStep
{
    /// <summary>Send these octets (base64, or "334 " / "+ " alone when empty) and give the answer to NextAsync.</summary>
    public sealed record Challenge(ReadOnlyMemory<byte> Octets) : SaslStep;

    /// <summary>Logged in. <paramref name="FinalData"/> is empty: a SCRAM server signature goes out as one last challenge,
    /// which every protocol here can carry.</summary>
    public sealed record Success(Principal Principal, ReadOnlyMemory<byte> FinalData) : SaslStep;

    /// <summary>Not logged in. <paramref name="Cause"/> is for the log and holds no secret.</summary>
    public sealed record Failure(SaslFailure Reason, string Cause) : SaslStep
    {
        /// <summary>What may be said to a client that proved who it is; null for all others.</summary>
        public LoginAdvice? Advice { get; init; }
    }
}

/// <summary>
/// The server's side of one SASL exchange (RFC 4422): PLAIN (4616), LOGIN, SCRAM-SHA-256 and -PLUS (5802, 7677),
/// OAUTHBEARER (7628) and XOAUTH2. The
/// protocol does base64, "*" and line limits; an exchange that ended is not used again.
/// </summary>
public abstract class SaslServer
{
    private protected const int NameLimit = 320;
    private protected const int PasswordLimit = 1024;

    private protected static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private protected SaslServer(IAuthenticator authenticator, LoginAttempt attempt) => (Authenticator, Attempt) = (authenticator, attempt);

    private protected IAuthenticator Authenticator { get; }

    private protected LoginAttempt Attempt { get; }

    /// <summary>What to send when the client came without an initial response; its answer goes to NextAsync.</summary>
    public virtual ReadOnlyMemory<byte> FirstChallenge => default;

    /// <summary>The user name the client gave so far, for the log; null before.</summary>
    public string? User { get; private protected set; }

    /// <summary>Mechanisms for this connection now, best first; none in the clear unless the client's network may log in so.</summary>
    public static IReadOnlyList<string> Offered(WireConnection connection, IAuthenticator authenticator)
    {
        if (connection.Tls is null && !connection.Origin.ClearLoginAllowed) return [];
        var tls = connection.Tls;
        return WithTokens(!authenticator.ScramOffered ? ["PLAIN", "LOGIN"]
            : BindingOf(tls) is null ? [Scram.Sha256, "PLAIN", "LOGIN"]
            : [Scram.Sha256Plus, Scram.Sha256, "PLAIN", "LOGIN"], authenticator, tls);
    }

    /// <summary>Begins an exchange, or null for a mechanism we do not have here. Whether logging in is allowed at all on this
    /// connection is the caller's question (<see cref="Offered"/>).</summary>
    public static SaslServer? Start(string mechanism, IAuthenticator authenticator, LoginAttempt attempt, TlsSession? tls)
    {
        var scram = authenticator.ScramOffered;
        return mechanism.ToUpperInvariant() switch
        {
            "PLAIN" => new PlainServer(authenticator, attempt),
            "LOGIN" => new LoginServer(authenticator, attempt),
            Scram.Sha256 when scram => new ScramServer(authenticator, attempt, BindingOf(tls), plus: false),
            Scram.Sha256Plus when scram && BindingOf(tls) is { } binding => new ScramServer(authenticator, attempt, binding, plus: true),
            BearerServer.OAuthBearer when tls is not null && authenticator.Tokens is { } offer => new BearerServer(authenticator, attempt, offer, standard: true),
            BearerServer.XOAuth2 when tls is not null && authenticator.Tokens is { } offer => new BearerServer(authenticator, attempt, offer, standard: false),
            _ => null,
        };
    }

    // RFC 7628 §4: a token is as good as a password to whoever reads it: never without TLS, whatever the network.
    private static IReadOnlyList<string> WithTokens(string[] mechanisms, IAuthenticator authenticator, TlsSession? tls) =>
        tls is null || authenticator.Tokens is null ? mechanisms : [.. mechanisms, BearerServer.OAuthBearer, BearerServer.XOAuth2];

    /// <summary>Takes the client's decoded message.</summary>
    public abstract ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response, CancellationToken cancel = default);

    /// <summary>Challenges and responses until it is decided.</summary>
    /// <param name="response">The initial one; null: the client sent none.</param>
    /// <param name="ask">Sends a challenge and gives the client's octets; null: it sent none that can be read, and the exchange ends.</param>
    /// <returns>Success or failure; null: <paramref name="ask"/> ended it.</returns>
    public async ValueTask<SaslStep?> RunAsync(
        byte[]? response, Func<ReadOnlyMemory<byte>, ValueTask<byte[]?>> ask, CancellationToken cancel)
    {
        response ??= await ask(FirstChallenge);
        while (response is not null)
        {
            var step = await NextAsync(response, cancel);
            if (step is not SaslStep.Challenge challenge) return step;
            response = await ask(challenge.Octets);
        }
        return null;
    }

    private protected async ValueTask<SaslStep> CheckAsync(string user, string password, CancellationToken cancel)
    {
        User = SaslPrep.Prepare(user);
        if (User is null || password.Length == 0) return Malformed("a name or password that is empty or holds what it must not");
        // The password goes on as it came: hashes of older systems were made of just these octets.
        return await Authenticator.CheckPasswordAsync(Attempt, User, password, cancel) is { } principal
            ? new SaslStep.Success(principal, default)
            : Rejected("wrong name or password");
    }

    private protected SaslStep Rejected(string cause) =>
        new SaslStep.Failure(SaslFailure.Rejected, Attempt.Notes.Advice is { } advice ? advice.Text : cause) { Advice = Attempt.Notes.Advice };

    private protected static SaslStep Malformed(string cause) => new SaslStep.Failure(SaslFailure.Malformed, cause);

    private protected static bool TryText(ReadOnlySpan<byte> octets, out string text)
    {
        text = "";
        try
        {
            text = StrictUtf8.GetString(octets);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static byte[]? BindingOf(TlsSession? tls) => tls is null ? null : ChannelBinding.ServerEndPoint(tls.ServerCertificate);

    private sealed class PlainServer(IAuthenticator authenticator, LoginAttempt attempt) : SaslServer(authenticator, attempt)
    {
        // RFC 4616 §2: message = [authzid] NUL authcid NUL passwd
        public override ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response, CancellationToken cancel = default)
        {
            var octets = response.Span;
            var first = octets.IndexOf((byte)0);
            var second = first < 0 ? -1 : octets[(first + 1)..].IndexOf((byte)0) + first + 1;
            if (second <= first) return new(Malformed("not three parts"));
            var password = octets[(second + 1)..];
            if (first > NameLimit || second - first - 1 > NameLimit || password.Length > PasswordLimit || password.Contains((byte)0))
                return new(Malformed("a part that is too long or holds NUL"));
            if (!TryText(octets[..first], out var actAs) || !TryText(octets[(first + 1)..second], out var user)
                || !TryText(password, out var secret)) return new(Malformed("not UTF-8"));
            // Nobody acts for another: an authorization identity may only repeat the name.
            if (actAs.Length > 0 && actAs != user) return new(new SaslStep.Failure(SaslFailure.Rejected, "asked to act as another"));
            return CheckAsync(user, secret, cancel);
        }
    }

    private sealed class LoginServer(IAuthenticator authenticator, LoginAttempt attempt) : SaslServer(authenticator, attempt)
    {
        private string? _name;

        // draft-murchison-sasl-login: clients ignore the text but some compare it.
        public override ReadOnlyMemory<byte> FirstChallenge => "Username:"u8.ToArray();

        public override ValueTask<SaslStep> NextAsync(ReadOnlyMemory<byte> response, CancellationToken cancel = default)
        {
            if (response.Length > (_name is null ? NameLimit : PasswordLimit) || response.Span.Contains((byte)0)
                || !TryText(response.Span, out var text)) return new(Malformed("not UTF-8, too long, or NUL"));
            if (_name is not null) return CheckAsync(_name, text, cancel);
            if (text.Length == 0) return new(Malformed("an empty name"));
            _name = text;
            return new(new SaslStep.Challenge("Password:"u8.ToArray()));
        }
    }
}
