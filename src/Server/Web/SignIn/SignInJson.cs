using System.Text.Json.Serialization;
using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>Why a page is not answered.</summary>
/// <param name="Error">A word that does not change.</param>
/// <param name="Text">A sentence, in English.</param>
internal sealed record PageError(string Error, string Text);

/// <summary>What is asked for before it goes on.</summary>
/// <param name="Needs">"totp".</param>
/// <param name="Error">"code" when the one that came was wrong; else left out.</param>
internal sealed record PageNeeds(string Needs, string? Error, string? Text);

/// <summary>Who is signed in.</summary>
/// <param name="Name">What to call them while no identity says otherwise.</param>
/// <param name="SessionUrl">The Session object of JMAP (RFC 8620 §2).</param>
internal sealed record SignedIn(string Address, string Name, string SessionUrl, string Device, bool Stays, bool ByAppPassword);

/// <summary>How one can sign in here.</summary>
/// <param name="OpenId">What the provider is called; null: there is none.</param>
internal sealed record SignInOffer(bool Password, bool Passkey, string? OpenId);

/// <summary>Nobody is signed in.</summary>
internal sealed record SignedOut(string Error, string Text, SignInOffer SignIn);

/// <summary>POST /session.</summary>
internal sealed record PasswordSignIn(string User, string Password)
{
    public string? Totp { get; init; }

    public string? Recovery { get; init; }

    public bool Stay { get; init; }

    /// <summary>Empty: none was given.</summary>
    [JsonIgnore]
    public string SecondStep => Totp is { Length: > 0 } ? Totp : Recovery ?? "";
}

/// <summary>POST /session/devices.</summary>
/// <param name="End">An id of the list, "others", or "all".</param>
internal sealed record DeviceEnd(string End);

/// <summary>What navigator.credentials.get wants, in its JSON form (WebAuthn level 3 §5.1.8).</summary>
/// <param name="Timeout">Milliseconds.</param>
internal sealed record PasskeyRequest(string Challenge, string RpId, int Timeout, string UserVerification,
    IReadOnlyList<string> AllowCredentials);

/// <summary>POST /session/passkey.</summary>
internal sealed record PasskeySignIn(AssertedCredential Credential)
{
    public bool Stay { get; init; }
}

/// <summary>What PublicKeyCredential.toJSON gives of an assertion; everything in base64url.</summary>
internal sealed record AssertedCredential(string Id, AssertedResponse Response);

internal sealed record AssertedResponse(string ClientDataJSON, string AuthenticatorData, string Signature)
{
    public string? UserHandle { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(DeviceEnd))]
[JsonSerializable(typeof(IReadOnlyList<DeviceInfo>))]
[JsonSerializable(typeof(IReadOnlyList<SignInInfo>))]
[JsonSerializable(typeof(PageError))]
[JsonSerializable(typeof(PageNeeds))]
[JsonSerializable(typeof(PasskeyRequest))]
[JsonSerializable(typeof(PasskeySignIn))]
[JsonSerializable(typeof(PasswordSignIn))]
[JsonSerializable(typeof(SignedIn))]
[JsonSerializable(typeof(SignedOut))]
internal sealed partial class SignInJson : JsonSerializerContext;
