using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Aviso.Moving;

/// <summary>A mailbox of the source.</summary>
/// <param name="Name">As MailKit gives it, all levels.</param>
/// <param name="Role">Which of several mailboxes of the source make one of here; empty where one is one.</param>
internal sealed record ImapFolderAt(string Name, uint UidValidity, string Role = "")
{
    private readonly ulong _role = RoleOf(Role);

    /// <summary>One is one: UIDs stay what they were.</summary>
    public bool KeepsUids => Role.Length == 0;

    /// <summary>A message is known by UIDVALIDITY and UID, whatever the mailbox is called.</summary>
    public UInt128 KeyOf(uint uid) => new(_role, ((ulong)UidValidity << 32) | uid);

    /// <summary>It was a message of this mailbox, under another UIDVALIDITY.</summary>
    public bool IsOutdated(UInt128 key) => (ulong)(key >> 64) == _role && (uint)(key >> 32) != UidValidity;

    private static ulong RoleOf(string role) =>
        BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"imap {role}")));
}
