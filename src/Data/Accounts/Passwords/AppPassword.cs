using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.Net;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>What an app password may be used for. An empty list is no limit.</summary>
/// <param name="Protocols">Of <see cref="AppPasswordScope.KnownProtocols"/>.</param>
/// <param name="Mailboxes">Names or patterns with *.</param>
/// <param name="SendAs">Addresses or patterns; what the account itself may not, no app password may.</param>
/// <param name="Networks">Where the client may be, such as 192.0.2.0/24.</param>
public sealed record AppPasswordScope(
    IReadOnlyList<string> Protocols, IReadOnlyList<string> Mailboxes, bool ReadOnly, bool SearchOnly, IReadOnlyList<string> SendAs,
    IReadOnlyList<string> Networks)
{
    public static readonly AppPasswordScope All = new([], [], false, false, [], []);

    /// <summary>What a mail program uses, then what comes with the webmail.</summary>
    public static readonly IReadOnlyList<string> KnownProtocols = ["imap", "submission", "managesieve", "pop3", "jmap", Webmail];

    /// <summary>The word for the webmail, whose session may do everything: only a password that names it is for it.</summary>
    public const string Webmail = "webmail";

    /// <summary>A word of <see cref="KnownProtocols"/>, or null for a listener where nobody logs in by password.</summary>
    public static string? ProtocolOf(LoginAttempt attempt) => attempt.Kind switch
    {
        ListenerKind.Http or ListenerKind.Https when attempt.SecondStep is not null => Webmail,
        ListenerKind.Imap or ListenerKind.Imaps => "imap",
        ListenerKind.Submission or ListenerKind.Submissions => "submission",
        ListenerKind.ManageSieve => "managesieve",
        ListenerKind.Pop3 or ListenerKind.Pop3s => "pop3",
        ListenerKind.Http or ListenerKind.Https => "jmap",
        _ => null,
    };

    /// <summary>What is wrong with it, or null. A password that changes nothing is for reading mail: it cannot send or edit
    /// filters.</summary>
    public string? Problem()
    {
        if (Protocols.FirstOrDefault(p => !KnownProtocols.Contains(p, StringComparer.Ordinal)) is { } unknown)
            return $"`{unknown}` is no protocol; known are {string.Join(", ", KnownProtocols)}";
        if (ReadOnly && SearchOnly) return "read-only and search-only: say one of them";
        if ((ReadOnly || SearchOnly) && Protocols.FirstOrDefault(p => p is not ("imap" or "jmap" or "pop3")) is { } writes)
            return $"a password that may change nothing is of no use for {writes}";
        if (SearchOnly && Protocols.Contains("pop3", StringComparer.Ordinal))
            return "a password that reads no message is of no use for pop3";
        if ((ReadOnly || SearchOnly) && SendAs.Count > 0) return "a password that may change nothing cannot send";
        if (IsPartial && Protocols.Contains(Webmail, StringComparer.Ordinal))
            return "the webmail shows the whole account: webmail does not go with --mailbox or --send-as";
        if (IsPartial
            && Protocols.Contains(
            "managesieve",
            StringComparer.Ordinal)) return "a filter sees all mail and may send it on: managesieve does not go with --mailbox or --send-as";
        if (Networks.FirstOrDefault(n => !Net.Networks.TryParse(n, out _)) is { } network) return $"`{network}` is no network such as 192.0.2.0/24";
        if (SendAs.FirstOrDefault(g => !SendAsGrants.IsGrant(g)) is { } grant) return $"`{grant}` is no address or pattern";
        return Mailboxes.Any(m => m.Length is 0 or > 500 || m.Any(char.IsControl))
            ? "a mailbox pattern is empty, too long or has control characters" : null;
    }

    public bool IsFor(string protocol) =>
        Protocols.Contains(protocol, StringComparer.Ordinal) || (Protocols.Count == 0 && protocol != Webmail);

    private bool IsPartial => Mailboxes.Count > 0 || SendAs.Count > 0;

    /// <summary>The same with the protocols that its other limits imply.</summary>
    public AppPasswordScope Settled()
    {
        if (Protocols.Count > 0) return this;
        if (ReadOnly || SearchOnly) return this with { Protocols = ["imap", "jmap"] };
        return IsPartial ? this with { Protocols = ["imap", "submission", "jmap"] } : this;
    }
}

/// <summary>
/// An app password as kept, never changed: whoever holds one can tell by reference whether it is still the one. The secret has 120
/// random bits, so one round of SHA-256 keeps it as well as many; the SCRAM keys are beside it so that it can be used without being sent.
/// </summary>
internal sealed record AppPassword
{
    /// <summary>Octets of the id: enough to be unique within an account, short enough to type.</summary>
    private const int IdLength = 5;

    // No 0, 1, l, o: read aloud and typed on small keyboards.
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

    public required string Id { get; init; }

    /// <summary>What its owner calls it, such as "phone".</summary>
    public required string Name { get; init; }

    [JsonIgnore]
    public AccountId Account { get; init; }

    public required byte[] Hash { get; init; }

    /// <summary>In the form of <see cref="ScramRecord.Format"/>.</summary>
    public required string Scram { get; init; }

    public AppPasswordScope Scope { get; init; } = AppPasswordScope.All;

    /// <summary>Unix seconds UTC, here and below; 0: never.</summary>
    public long CreatedAt { get; init; }

    public long ExpiresAt { get; init; }

    /// <summary>Kept for a while after: a device that still tries it is shown.</summary>
    public long RevokedAt { get; init; }

    [JsonIgnore]
    public ScramRecord? Record { get; init; }

    [JsonIgnore]
    public Networks Networks { get; init; } = Networks.None;

    [JsonIgnore]
    public LoginScope LoginScope { get; init; } = new();

    /// <summary>A new secret: six groups of four characters, the dashes are part of it.</summary>
    public static string NewSecret()
    {
        var text = new StringBuilder(29);
        for (var i = 0; i < 24; i++)
        {
            if (i > 0 && i % 4 == 0) text.Append('-');
            text.Append(Alphabet[RandomNumberGenerator.GetInt32(Alphabet.Length)]);
        }
        return text.ToString();
    }

    /// <summary>Could this be one of ours? Says nothing about whether it is.</summary>
    public static bool LooksLikeOne(string text)
    {
        if (text.Length != 29) return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (i % 5 == 4 ? text[i] != '-' : !Alphabet.Contains(text[i])) return false;
        }
        return true;
    }

    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdLength));

    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    public bool IsLive(long now) => RevokedAt == 0 && (ExpiresAt == 0 || now < ExpiresAt);

    /// <summary>Why it does not let in somebody who proved it; null: it does.</summary>
    public LoginAdvice? Refusal(LoginAttempt attempt, long now)
    {
        if (RevokedAt > 0) return new(LoginAdviceKind.Expired, "This app password was revoked");
        if (ExpiresAt > 0 && now >= ExpiresAt) return new(LoginAdviceKind.Expired, "This app password has expired");
        if (AppPasswordScope.ProtocolOf(attempt) is not { } protocol || !Scope.IsFor(protocol))
            return new(LoginAdviceKind.OutOfScope, "This app password is not for this protocol");
        return Networks.IsEmpty || Networks.Contains(attempt.Remote) ? null
            : new(LoginAdviceKind.OutOfScope, "This app password is not for the network you come from");
    }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, AppPasswordJson.Default.AppPassword);

    /// <summary>Null for what cannot be read: that password lets nobody in.</summary>
    public static AppPassword? Read(AccountId account, ReadOnlySpan<byte> value)
    {
        try
        {
            return JsonSerializer.Deserialize(value, AppPasswordJson.Default.AppPassword)?.For(account);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return null;
        }
    }

    public AppPassword For(AccountId account) => this with
    {
        Account = account,
        Record = ScramRecord.TryParse(Scram),
        Networks = Networks.Parse(Scope.Networks),
        LoginScope = new()
        {
            Name = Name,
            ReadOnly = Scope.ReadOnly,
            SearchOnly = Scope.SearchOnly,
            Mailboxes = Scope.Mailboxes,
            SendAs = Scope.SendAs,
            Protocols = Scope.Protocols,
        },
    };
}

/// <summary>When an app password was used and since when it fails. Kept in memory, written now and then.</summary>
internal sealed record AppPasswordUse
{
    /// <summary>Unix seconds UTC; 0: never.</summary>
    public long UsedAt { get; init; }

    public string UsedFrom { get; init; } = "";

    public string UsedFor { get; init; } = "";

    /// <summary>The first refusal since the last use; 0: it does not fail.</summary>
    public long FailingSince { get; init; }

    public string FailingBecause { get; init; } = "";

    public AppPasswordUse Worked(LoginAttempt attempt, long now) => new()
    {
        UsedAt = now,
        UsedFrom = attempt.Remote.ToString(),
        UsedFor = AppPasswordScope.ProtocolOf(attempt) ?? "",
    };

    public AppPasswordUse Failed(string because, long now) => this with { FailingSince = FailingSince == 0 ? now : FailingSince, FailingBecause = because };
}

[JsonSerializable(typeof(AppPassword))]
[JsonSerializable(typeof(AppPasswordUse))]
internal sealed partial class AppPasswordJson : JsonSerializerContext;
