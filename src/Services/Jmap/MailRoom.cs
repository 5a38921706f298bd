using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What the methods of mail work on.</summary>
/// <param name="Reader">Renders messages that are made here.</param>
internal sealed record MailRoom(IMailStore Store, TimeProvider Clock, IMessageReader Reader, IBlobs Blobs)
{
    /// <summary>The account-wide pictures.</summary>
    public AccountMails Mail { get; } = new(Store);
}

/// <summary>The octets behind blob ids (RFC 8620 §6), for what is made of them.</summary>
internal interface IBlobs
{
    /// <summary>A copy of them; null when the account has no such blob, or the user may not read it. The caller disposes it.</summary>
    Task<SpooledBody?> OpenAsync(JmapUser user, AccountId account, string blobId, CancellationToken cancel);
}
