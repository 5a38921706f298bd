using System.Buffers.Binary;

namespace Aviso.Accounts;

/// <summary>What an authenticator signs about itself (WebAuthn §6.1).</summary>
internal sealed record AuthenticatorData(byte[] RelyingPartyHash, byte Flags, uint SignCount)
{
    private const int Fixed = 37;
    private const int MostIdLength = 1023;

    /// <summary>The user did something.</summary>
    public bool UserPresent => (Flags & 0x01) != 0;

    /// <summary>The user was recognised, by finger, face or PIN.</summary>
    public bool UserVerified => (Flags & 0x04) != 0;

    public bool BackupEligible => (Flags & 0x08) != 0;

    public bool BackedUp => (Flags & 0x10) != 0;

    private bool HasCredential => (Flags & 0x40) != 0;

    private bool HasExtensions => (Flags & 0x80) != 0;

    /// <summary>Model of the authenticator; zeros when it does not say.</summary>
    public byte[] Model { get; private init; } = [];

    public byte[] CredentialId { get; private init; } = [];

    /// <summary>Null in an assertion.</summary>
    public CoseKey? Key { get; private init; }

    /// <summary>Null when it is not whole or has more in it than it says.</summary>
    public static AuthenticatorData? Parse(ReadOnlySpan<byte> octets)
    {
        if (octets.Length < Fixed) return null;
        var data = new AuthenticatorData(octets[..32].ToArray(), octets[32], BinaryPrimitives.ReadUInt32BigEndian(octets[33..]));
        var rest = octets[Fixed..];
        if (data.HasCredential)
        {
            if (rest.Length < 18) return null;
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[16..]);
            if (length is 0 or > MostIdLength || rest.Length < 18 + length) return null;
            if (CoseKey.Read(rest[(18 + length)..], out var used) is not { } key) return null;
            data = data with { Model = rest[..16].ToArray(), CredentialId = rest.Slice(18, length).ToArray(), Key = key };
            rest = rest[(18 + length + used)..];
        }
        if (data.HasExtensions)
        {
            var item = new CborItem(rest);
            if (!item.TrySkip()) return null;
            rest = rest[item.Position..];
        }
        // §6.1: a copy in a cloud (BS) without being allowed one (BE) contradicts itself.
        return rest.IsEmpty && !(data is { BackedUp: true, BackupEligible: false }) ? data : null;
    }
}
