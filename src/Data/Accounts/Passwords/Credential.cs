using System.Security.Cryptography;
using System.Text;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>
/// How one account proves itself now. Never changed: a new credential is a new object, so whoever holds one can tell by
/// reference whether it is still the one.
/// </summary>
internal sealed class Credential(AccountId account, ScramRecord? record, string? hash, string? password, DeclaredSecret? declared)
{
    /// <summary>Said instead of a fingerprint when a password was declared in clear: a bare hash of it in the store would be a
    /// second form, weaker than the record. Whether it changed is found by deriving.</summary>
    private static readonly byte[] ClearMark = [1];

    private string? _mark;

    public AccountId Account { get; } = account;

    public ScramRecord? Record { get; } = record;

    /// <summary>A crypt(5) string that has not been re-hashed yet.</summary>
    public string? Hash { get; } = hash;

    /// <summary>A declared password not yet compared with <see cref="Record"/>.</summary>
    public string? Password { get; } = password;

    /// <summary>What the settings said when this was made.</summary>
    public DeclaredSecret? Declared { get; } = declared;

    /// <summary>Another password has another mark, and so has the same one when its record was derived anew. Sessions are bound to
    /// it.</summary>
    public string Mark => _mark ??= Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(Record?.Format() ?? Hash ?? "")).AsSpan(0, 16));

    /// <summary>SCRAM may use the record.</summary>
    public bool HasScram => Record is { IsForScram: true } && Password is null;

    public bool IsSame(Credential other) => Hash == other.Hash && Record?.Format() == other.Record?.Format()
        && Password == other.Password;

    /// <summary>What a declaration and what is stored make together: a changed declaration wins. Null: nobody can log in.</summary>
    public static Credential? Of(AccountId account, DeclaredSecret? declared, CredentialRow? stored)
    {
        var record = stored is null ? null : ScramRecord.TryParse(stored.Record);
        // A hash that came from another server stands in the store as it was until its owner logs in.
        if (declared is null)
            return record is not null ? new(account, record, null, null, null)
                : stored is not null && PasswordText.CryptString(stored.Record) is { } moved ? new(account, null, moved, null, null) : null;
        if (!declared.IsHash)
            return new(account, stored is not null && stored.DeclaredFingerprint.AsSpan().SequenceEqual(ClearMark)
                ? record : null, null, declared.Text, declared);
        var given = ScramRecord.TryParse(declared.Text);
        if (given is { IsForScram: true }) return new(account, given, null, null, declared);
        // What a login made of a declaration that is kept as it is.
        if (record is not null && stored!.DeclaredFingerprint.AsSpan().SequenceEqual(Fingerprint(declared))) return new(
            account, record, null, null, declared);
        return given is not null ? new(account, given, null, null, declared)
            : new(account, null, PasswordText.CryptString(declared.Text), null, declared);
    }

    /// <summary>Kept beside a record so that a changed declaration is noticed.</summary>
    public static byte[] Fingerprint(DeclaredSecret? declared) => declared is null ? []
        : declared.IsHash ? SHA256.HashData(Encoding.UTF8.GetBytes(declared.Text)) : ClearMark;
}
