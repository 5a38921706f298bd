using System.Buffers;
using System.Buffers.Text;
using System.Net;
using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>Signing in with a passkey and nothing else: /session/passkey. The browser shows the passkeys it has, so no name is asked
/// for.</summary>
internal sealed class PasskeyPages(PageRows pages, BrowserLogin login, Passkeys passkeys)
{
    /// <summary>How long a browser waits for its user, in milliseconds: as long as a challenge holds.</summary>
    public const int Patience = 300_000;

    public IReadOnlyList<WebRow> Rows =>
    [
        pages.Row("/session/passkey/options", post: AskAsync),
        pages.Row("/session/passkey", post: SignInAsync),
    ];

    /// <summary>For whom passkeys are made at this origin; null: there are none at a bare address (WebAuthn §5.1.3 step 7).</summary>
    public static RelyingParty? PartyOf(WebOrigin origin) =>
        origin.HostName.StartsWith('[') || IPAddress.TryParse(origin.HostName, out _) ? null : new(origin.HostName, origin.ToString());

    /// <summary>An answer of a browser: base64url without padding; null when it is none.</summary>
    public static byte[]? Octets(string? text)
    {
        if (text is null || !Base64Url.IsValid(text)) return null;
        var octets = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.DecodeFromChars(text, octets, out _, out var length) == OperationStatus.Done ? octets[..length] : null;
    }

    public static Task NotHereAsync(PageCall call) =>
        call.SayAsync(409, "no-passkeys", "passkeys need a name, not an address: open this server by its name");

    private Task AskAsync(PageCall call) => PartyOf(call.Origin) is not { } party ? NotHereAsync(call) : call.AnswerAsync(
        new PasskeyRequest(Base64Url.EncodeToString(passkeys.Ask().Challenge), party.Id, Patience, "required", []),
            SignInJson.Default.PasskeyRequest);

    private async Task SignInAsync(PageCall call)
    {
        if (await call.ReadAsync(SignInJson.Default.PasskeySignIn) is not { } asked) return;
        if (PartyOf(call.Origin) is not { } party) await NotHereAsync(call);
        else if (Read(asked.Credential) is not { } answer)
            await call.SayAsync(400, "request", "the answer of the authenticator cannot be read");
        else if (await login.ByPasskeyAsync(call, passkeys, party, answer, asked.Stay) is { Session: null } result)
            await SignInPages.RefuseAsync(call, result.Why);
        else await call.DoneAsync();
    }

    private static PasskeyAnswer? Read(AssertedCredential credential) =>
        Octets(credential.Id) is { } id && Octets(credential.Response.ClientDataJSON) is { } client
            && Octets(credential.Response.AuthenticatorData) is { } data && Octets(credential.Response.Signature) is { } signature
            ? new(id, Octets(credential.Response.UserHandle) ?? [], client, data, signature) : null;
}
