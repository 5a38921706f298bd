using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Aviso.Base;

/// <summary>
/// Ed25519 (RFC 8032) by OpenSSL's libcrypto, which .NET does not offer itself. The library is found when it is first needed;
/// without it <see cref="IsAvailable"/> is false and says why, and nothing else stops working.
/// </summary>
public static unsafe class Ed25519
{
    private const int EvpPkeyEd25519 = 1087;

    private static readonly string[] Names =
        ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so", "libcrypto.3.dylib", "libcrypto.dylib", "libcrypto-3-x64.dll"];

    private static readonly Functions? Library = Load();

    public static bool IsAvailable => Library is not null;

    /// <summary>Why it is not available; empty when it is.</summary>
    public static string Problem => IsAvailable ? "" : "Ed25519 needs OpenSSL's libcrypto 1.1.1 or 3, which is not installed";

    private static Functions Crypto => Library ?? throw new CryptographicException(Problem);

    /// <summary>EVP_PKEY of 32 octets; zero when they are no key.</summary>
    public static nint NewKey(ReadOnlySpan<byte> octets, bool isPrivate)
    {
        fixed (byte* at = octets)
        {
            return isPrivate
                ? Crypto.NewRawPrivateKey(EvpPkeyEd25519, 0, at, (nuint)octets.Length)
                : Crypto.NewRawPublicKey(EvpPkeyEd25519, 0, at, (nuint)octets.Length);
        }
    }

    public static void FreeKey(nint key) => Crypto.FreeKey(key);

    public static byte[] PublicOf(nint key)
    {
        var octets = new byte[Ed25519Key.Length];
        var length = (nuint)octets.Length;
        fixed (byte* at = octets) Must(Crypto.GetRawPublicKey(key, at, &length));
        return octets;
    }

    public static byte[] Sign(nint key, ReadOnlySpan<byte> data)
    {
        var signature = new byte[64];
        var length = (nuint)signature.Length;
        var context = Crypto.NewContext();
        try
        {
            fixed (byte* into = signature, from = data)
            {
                Must(Crypto.SignInit(context, 0, 0, 0, key));
                Must(Crypto.Sign(context, into, &length, from, (nuint)data.Length));
            }
            return signature;
        }
        finally
        {
            Crypto.FreeContext(context);
        }
    }

    public static bool Verify(nint key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        var context = Crypto.NewContext();
        try
        {
            fixed (byte* mark = signature, from = data)
            {
                Must(Crypto.VerifyInit(context, 0, 0, 0, key));
                if (Crypto.Verify(context, mark, (nuint)signature.Length, from, (nuint)data.Length) == 1) return true;
            }
            // A refused signature leaves its reason in this thread's queue, where the next call of somebody else would find it.
            Crypto.ClearErrors();
            return false;
        }
        finally
        {
            Crypto.FreeContext(context);
        }
    }

    private static void Must(int result)
    {
        if (result != 1) throw new CryptographicException("libcrypto refused an Ed25519 operation");
    }

    private static Functions? Load()
    {
        foreach (var name in Names)
        {
            if (!NativeLibrary.TryLoad(name, typeof(Ed25519).Assembly, null, out var library)) continue;
            if (NativeLibrary.TryGetExport(library, "EVP_PKEY_new_raw_public_key", out _)) return new(library);
        }
        return null;
    }

    private sealed class Functions(nint library)
    {
        public readonly delegate* unmanaged<int, nint, byte*, nuint, nint> NewRawPrivateKey =
            (delegate* unmanaged<int, nint, byte*, nuint, nint>)NativeLibrary.GetExport(library, "EVP_PKEY_new_raw_private_key");

        public readonly delegate* unmanaged<int, nint, byte*, nuint, nint> NewRawPublicKey =
            (delegate* unmanaged<int, nint, byte*, nuint, nint>)NativeLibrary.GetExport(library, "EVP_PKEY_new_raw_public_key");

        public readonly delegate* unmanaged<nint, byte*, nuint*, int> GetRawPublicKey =
            (delegate* unmanaged<nint, byte*, nuint*, int>)NativeLibrary.GetExport(library, "EVP_PKEY_get_raw_public_key");

        public readonly delegate* unmanaged<nint, void> FreeKey =
            (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, "EVP_PKEY_free");

        public readonly delegate* unmanaged<nint> NewContext =
            (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "EVP_MD_CTX_new");

        public readonly delegate* unmanaged<nint, void> FreeContext =
            (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, "EVP_MD_CTX_free");

        public readonly delegate* unmanaged<nint, nint, nint, nint, nint, int> SignInit =
            (delegate* unmanaged<nint, nint, nint, nint, nint, int>)NativeLibrary.GetExport(library, "EVP_DigestSignInit");

        public readonly delegate* unmanaged<nint, byte*, nuint*, byte*, nuint, int> Sign =
            (delegate* unmanaged<nint, byte*, nuint*, byte*, nuint, int>)NativeLibrary.GetExport(library, "EVP_DigestSign");

        public readonly delegate* unmanaged<nint, nint, nint, nint, nint, int> VerifyInit =
            (delegate* unmanaged<nint, nint, nint, nint, nint, int>)NativeLibrary.GetExport(library, "EVP_DigestVerifyInit");

        public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, int> Verify =
            (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, int>)NativeLibrary.GetExport(library, "EVP_DigestVerify");

        public readonly delegate* unmanaged<void> ClearErrors =
            (delegate* unmanaged<void>)NativeLibrary.GetExport(library, "ERR_clear_error");
    }
}

/// <summary>An Ed25519 key, public or private; may be used by many threads at a time.</summary>
public sealed class Ed25519Key : SafeHandle
{
    /// <summary>Octets of a public key, and of a private key's seed.</summary>
    public const int Length = 32;

    private Ed25519Key(nint key) : base(0, ownsHandle: true) => SetHandle(key);

    public override bool IsInvalid => handle == 0;

    /// <summary>Null when the octets are no key. Throws where libcrypto is missing.</summary>
    public static Ed25519Key? FromPublic(ReadOnlySpan<byte> octets) => Make(octets, isPrivate: false);

    /// <summary>Null when the octets are no seed. Throws where libcrypto is missing.</summary>
    public static Ed25519Key? FromSeed(ReadOnlySpan<byte> seed) => Make(seed, isPrivate: true);

    public byte[] PublicKey() => With(Ed25519.PublicOf);

    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            return Ed25519.Sign(handle, data);
        }
        finally
        {
            if (held) DangerousRelease();
        }
    }

    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != 64) return false;
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            return Ed25519.Verify(handle, data, signature);
        }
        finally
        {
            if (held) DangerousRelease();
        }
    }

    protected override bool ReleaseHandle()
    {
        Ed25519.FreeKey(handle);
        return true;
    }

    private static Ed25519Key? Make(ReadOnlySpan<byte> octets, bool isPrivate)
    {
        if (octets.Length != Length) return null;
        var key = Ed25519.NewKey(octets, isPrivate);
        return key == 0 ? null : new(key);
    }

    private T With<T>(Func<nint, T> use)
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            return use(handle);
        }
        finally
        {
            if (held) DangerousRelease();
        }
    }
}
