using System.Net;
using System.Text.Json.Serialization;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>How somebody signs in and from where, for the list of devices and the history.</summary>
/// <param name="How">"password", "password and code", "app password", "passkey" or "openid".</param>
/// <param name="UserAgent">As the browser says it.</param>
public sealed record SignInFacts(string How, IPAddress From, string UserAgent)
{
    /// <summary>Until it has not been used for thirty days; else until the browser closes.</summary>
    public bool Stays { get; init; }

    /// <summary>Id of the app password that was given; empty: none was.</summary>
    public string AppPassword { get; init; } = "";
}

/// <summary>A session as kept. The document's name is the digest of its token.</summary>
internal sealed record WebSessionRow
{
    /// <summary>In words, such as "Firefox on Linux".</summary>
    public required string Device { get; init; }

    public required string How { get; init; }

    /// <summary>Where it was used last.</summary>
    public required string From { get; init; }

    public bool Stays { get; init; }

    public string AppPassword { get; init; } = "";

    /// <summary>What it stands on: when that has changed, it is over.</summary>
    public required SessionGround Ground { get; init; }

    /// <summary>Unix seconds UTC.</summary>
    public long CreatedAt { get; init; }

    public long UsedAt { get; init; }
}

/// <summary>A session of the list of devices.</summary>
/// <param name="IsThis">It is the one that asks.</param>
public sealed record DeviceInfo(
    string Id, string Device, string How, DateTimeOffset Created, DateTimeOffset LastSeen, string From, bool Stays, bool IsThis);

/// <summary>One browser that is signed in.</summary>
public sealed class WebSession
{
    // Cancelled and never disposed: whoever serves this session at that moment may still be looking at it.
    private readonly CancellationTokenSource _over = new();
    private WebSessionRow _row;

    internal WebSession(AccountId account, string name, WebSessionRow row, bool isWritten)
    {
        (Account, Name, _row) = (account, name, row);
        WrittenAt = isWritten ? row.UsedAt : 0;
    }

    public AccountId Account { get; }

    /// <summary>Names it for its owner and says nothing about its token.</summary>
    public string Id => Name[..16];

    /// <summary>It was let in by an app password: it may do everything with mail and nothing with the account.</summary>
    public bool IsByAppPassword => Row.AppPassword.Length > 0;

    /// <summary>Cancelled when the session ends: what it holds open should end then.</summary>
    public CancellationToken Over => _over.Token;

    public bool Stays => Row.Stays;

    public string Device => Row.Device;

    /// <summary>How it was signed in.</summary>
    public string How => Row.How;

    /// <summary>The digest of its token.</summary>
    internal string Name { get; }

    internal WebSessionRow Row => Volatile.Read(ref _row);

    /// <summary>When <see cref="Row"/> was written last, Unix seconds; 0: never.</summary>
    internal long WrittenAt { get; set; }

    internal void Used(long now, string from) => Volatile.Write(ref _row, Row with { UsedAt = now, From = from });

    internal void End() => _over.Cancel();
}

[JsonSerializable(typeof(WebSessionRow))]
[JsonSerializable(typeof(SignInHistoryRow))]
internal sealed partial class WebSessionJson : JsonSerializerContext;
