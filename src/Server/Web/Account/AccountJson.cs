using System.Text.Json.Serialization;
using Aviso.Accounts;

namespace Aviso.Web;

/// <summary>GET /account.</summary>
/// <param name="OwnPassword">Its owner may change the password here; else whoever keeps the settings does.</param>
/// <param name="Totp">"on", "off", "waiting" or "locked".</param>
internal sealed record AccountOverview(string Address, bool OwnPassword, string Totp, DateTimeOffset? TotpSince, int RecoveryCodesLeft);

/// <summary>What asks for the account's password once more, and for its second step where there is one.</summary>
internal record PasswordAgain(string Password)
{
    public string? Totp { get; init; }

    public string? Recovery { get; init; }

    /// <summary>Empty: none was given.</summary>
    [JsonIgnore]
    public string SecondStep => Totp is { Length: > 0 } ? Totp : Recovery ?? "";
}

/// <summary>POST /account/password.</summary>
internal sealed record PasswordChange(string Password, string New) : PasswordAgain(Password);

/// <summary>POST /account/totp/begin: shown once.</summary>
/// <param name="Qr">The picture of the URI, a row of 0 and 1 for each line, with its quiet zone.</param>
internal sealed record TotpBegun(string Uri, string Secret, IReadOnlyList<string> RecoveryCodes, IReadOnlyList<string> Qr);

/// <summary>POST /account/totp/confirm.</summary>
internal sealed record TotpCode(string Code);

/// <summary>POST /account/app-passwords. What is left out is no limit.</summary>
/// <param name="Name">What it is for, such as "phone".</param>
internal sealed record AppPasswordWish(string Name)
{
    /// <summary>None: everything but the webmail.</summary>
    public IReadOnlyList<string?>? Protocols { get; init; }

    public IReadOnlyList<string?>? Mailboxes { get; init; }

    public bool ReadOnly { get; init; }

    public bool SearchOnly { get; init; }

    public IReadOnlyList<string?>? SendAs { get; init; }

    public IReadOnlyList<string?>? Networks { get; init; }

    /// <summary>Such as "90d" or a date; null: never.</summary>
    public string? Expires { get; init; }

    /// <summary>Null when a list has something in it that is no text.</summary>
    public AppPasswordScope? Scope() =>
        Texts(Protocols) is { } protocols && Texts(Mailboxes) is { } mailboxes && Texts(SendAs) is { } sendAs
            && Texts(Networks) is { } networks
            ? new(protocols, mailboxes, ReadOnly, SearchOnly, sendAs, networks) : null;

    private static string[]? Texts(IReadOnlyList<string?>? list) => list is null ? []
        : list.OfType<string>().ToArray() is var texts && texts.Length == list.Count ? texts : null;
}

/// <summary>Names one thing of a list.</summary>
internal sealed record OneOf(string Id);

/// <summary>What navigator.credentials.create wants, in its JSON form (WebAuthn level 3 §5.1.7).</summary>
/// <param name="Timeout">Milliseconds.</param>
internal sealed record PasskeyCreation(
    PasskeyParty Rp, PasskeyUser User, string Challenge, IReadOnlyList<PasskeyKeyKind> PubKeyCredParams, int Timeout,
    IReadOnlyList<PasskeyName> ExcludeCredentials, PasskeyWish AuthenticatorSelection, string Attestation);

internal sealed record PasskeyParty(string Id, string Name);

internal sealed record PasskeyUser(string Id, string Name, string DisplayName);

internal sealed record PasskeyKeyKind(long Alg, string Type);

internal sealed record PasskeyName(string Id, string Type);

internal sealed record PasskeyWish(string ResidentKey, bool RequireResidentKey, string UserVerification);

/// <summary>POST /account/passkeys.</summary>
internal sealed record NewPasskey(string Name, CreatedCredential Credential);

/// <summary>What PublicKeyCredential.toJSON gives of a registration; everything in base64url.</summary>
internal sealed record CreatedCredential(CreatedResponse Response);

internal sealed record CreatedResponse(string ClientDataJSON, string AttestationObject);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(AccountOverview))]
[JsonSerializable(typeof(AppPasswordWish))]
[JsonSerializable(typeof(IReadOnlyList<AppPasswordInfo>))]
[JsonSerializable(typeof(IReadOnlyList<PasskeyInfo>))]
[JsonSerializable(typeof(NewAppPassword))]
[JsonSerializable(typeof(NewPasskey))]
[JsonSerializable(typeof(OneOf))]
[JsonSerializable(typeof(PasskeyCreation))]
[JsonSerializable(typeof(PasswordAgain))]
[JsonSerializable(typeof(PasswordChange))]
[JsonSerializable(typeof(TotpBegun))]
[JsonSerializable(typeof(TotpCode))]
internal sealed partial class AccountJson : JsonSerializerContext;
