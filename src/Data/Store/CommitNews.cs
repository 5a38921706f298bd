using System.Net;

namespace Aviso.Store;

/// <summary>Who changes mail. Protocols say it before they ask the store for anything; it goes with the flow of the request.</summary>
/// <param name="Protocol">imap, webmail, jmap, pop3.</param>
/// <param name="Program">As the client calls itself; empty when it does not.</param>
/// <param name="Login">The app password's name; empty for the account's own.</param>
public sealed record Actor(string Protocol, string Program, string Login, IPAddress Address)
{
    private static readonly AsyncLocal<Actor?> Ambient = new();

    /// <summary>"imap Thunderbird 128 (phone)".</summary>
    public override string ToString() =>
        string.Concat(Protocol, Program.Length > 0 ? " " + Program : "", Login.Length > 0 ? $" ({Login})" : "");

    /// <summary>Who asks now; null: the server itself.</summary>
    public static Actor? Current
    {
        get => Ambient.Value;
        set
        {
            if (!ReferenceEquals(Ambient.Value, value)) Ambient.Value = value;
        }
    }
}

/// <summary>What somebody did with messages.</summary>
public enum EntryDeed
{
    Flagged, Moved, Copied, Expunged,
}

/// <summary>One deed on messages of one mailbox.</summary>
/// <param name="Mailbox">Name of the mailbox where they are now, or were last.</param>
public sealed record EntryChange(EntryDeed Deed, AccountId Account, string Mailbox, Actor? By)
{
    /// <summary>Of what was moved: where it came from.</summary>
    public string From { get; init; } = "";

    public SystemFlags Set { get; init; }

    public SystemFlags Unset { get; init; }

    public List<(EmailId Email, uint Uid)> Emails { get; } = new(1);
}

/// <summary>A message that the server wrote itself.</summary>
/// <param name="Origin">As <see cref="Acceptance.Origin"/> says.</param>
/// <param name="Size">Octets.</param>
public sealed record MadeMessage(string Origin, Acceptance Acceptance, Accepted Accepted, long Size);

/// <summary>What one commit did that somebody may want to know of later, in the order in which it was done.</summary>
public sealed class CommitNews
{
    public List<EntryChange> Changes { get; } = [];

    public List<MadeMessage> Made { get; } = [];

    public bool IsEmpty => Changes.Count == 0 && Made.Count == 0;
}
