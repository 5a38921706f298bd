using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>Which field a signature stands in; the rules differ a little.</summary>
internal enum SignatureKind
{
    Dkim, ArcMessage, ArcSeal,
}

/// <summary>
/// RFC 6376 §3.5: one DKIM-Signature field (or RFC 8617 §4.1.2, 4.1.3: ARC-Message-Signature, ARC-Seal), read and checked as
/// far as the field alone allows.
/// </summary>
internal sealed class DkimSignature
{
    /// <summary>Names in h= at most: beyond that nobody signs mail, somebody spends our time.</summary>
    private const int MostNames = 5_000;

    /// <summary>RFC 8617 §4.2.1: i= goes from 1 to 50.</summary>
    public const int MostInstances = 50;

    private DkimSignature(int field, SignatureKind kind)
    {
        Field = field;
        Kind = kind;
    }

    public int Field { get; }

    public SignatureKind Kind { get; }

    /// <summary>Why the field cannot be verified whatever the key says; empty when it can.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>d=, lower case, as A-labels.</summary>
    public string Domain { get; private set; } = "";

    /// <summary>s=, lower case, as A-labels.</summary>
    public string Selector { get; private set; } = "";

    /// <summary>a=</summary>
    public string Algorithm { get; private set; } = "";

    /// <summary>i=, by default "@" and d=.</summary>
    public string Identity { get; private set; } = "";

    /// <summary>RFC 8617: i= of a set; 0 when there is none that counts.</summary>
    public int Instance { get; private set; }

    /// <summary>cv= of a seal.</summary>
    public string ChainValidation { get; private set; } = "";

    public Canonicalization HeaderForm { get; private set; }

    public Canonicalization BodyForm { get; private set; }

    /// <summary>l=, octets; null when absent.</summary>
    public long? Length { get; private set; }

    /// <summary>t= and x=, Unix seconds; null when absent.</summary>
    public long? Timestamp { get; private set; }

    public long? Expiration { get; private set; }

    public byte[] Octets { get; private set; } = [];

    public byte[] BodyHash { get; private set; } = [];

    /// <summary>The octets of the field that b='s value takes.</summary>
    public (int From, int To) OctetsPlace { get; private set; }

    /// <summary>The octets of the field that h='s value takes.</summary>
    public (int From, int To) NamesPlace { get; private set; }

    /// <summary>RFC 6376 §3.6.2.1.</summary>
    public string KeyName => $"{Selector}._domainkey.{Domain}";

    public bool IsEd25519 => Algorithm == "ed25519-sha256";

    public HashAlgorithmName Hash => Algorithm == "rsa-sha1" ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;

    /// <summary>RFC 6008: the first eight characters of b=.</summary>
    public string Abbreviated => Octets.Length < 6 ? "" : Convert.ToBase64String(Octets.AsSpan(0, 6));

    public static DkimSignature Read(CanonicalFields fields, int field, SignatureKind kind)
    {
        var signature = new DkimSignature(field, kind);
        var value = fields.Value(field);
        if (!DkimTagList.TryParse(value, lenient: false, out var tags, out var problem)) signature.Problem = problem;
        else signature.Read(tags, fields.Raw(field).Length - value.Length, value);
        return signature;
    }

    private void Read(DkimTagList tags, int valueOffset, ReadOnlySpan<byte> value)
    {
        ReadWho(tags);
        if (Kind != SignatureKind.Dkim) ReadInstance(tags);
        else if (tags.Text("v") != "1") Refuse("v= is not 1");
        ReadAlgorithm(tags);
        ReadTimes(tags);
        if (tags.Base64("b") is { } octets) Octets = octets;
        else Refuse("b= is missing or no base64");
        OctetsPlace = Shift(tags.Place("b"), valueOffset, value);
        if (Kind == SignatureKind.ArcSeal) ReadSeal(tags);
        else ReadCoverage(tags, valueOffset, value);
    }

    private void ReadWho(DkimTagList tags)
    {
        if (AsciiDomain(tags.Text("d")) is { } domain) Domain = domain;
        else Refuse("d= is missing or no domain");
        if (AsciiDomain(tags.Text("s")) is { } selector) Selector = selector;
        else Refuse("s= is missing or no selector");
        Identity = "@" + Domain;
        if (Kind != SignatureKind.Dkim || !tags.Has("i")) return;
        // RFC 6376 §3.5: the domain part of i= is d= or below it.
        var identity = tags.Text("i");
        if (!MailAddress.TryCut(identity, out var local, out var name) || AsciiDomain(name) is not { } within
            || !DomainName.IsWithin(within, Domain))
            Refuse("i= is not within d=");
        else Identity = $"{local}@{within}";
    }

    // RFC 8617 §4.2.1
    private void ReadInstance(DkimTagList tags)
    {
        tags.TryGet("i", out var value);
        if (TryNumber(value, out var instance) && instance is >= 1 and <= MostInstances) Instance = (int)instance;
        else Refuse("i= is missing or not 1 to 50");
    }

    private void ReadAlgorithm(DkimTagList tags)
    {
        Algorithm = tags.Text("a");
        if (Algorithm is "rsa-sha256" or "ed25519-sha256" or "rsa-sha1") return;
        Refuse(Algorithm.Length == 0 ? "a= is missing" : "a= is not known");
    }

    private void ReadTimes(DkimTagList tags)
    {
        Timestamp = Seconds(tags, "t");
        if (Kind != SignatureKind.Dkim) return;
        Expiration = Seconds(tags, "x");
        if (Expiration <= Timestamp) Refuse("x= is not after t=");
    }

    // RFC 8617 §4.1.3: a seal has cv= and no h=.
    private void ReadSeal(DkimTagList tags)
    {
        ChainValidation = tags.Text("cv");
        if (ChainValidation is not ("none" or "pass" or "fail")) Refuse("cv= is missing or not known");
        if (tags.Has("h")) Refuse("a seal with h=");
        HeaderForm = Canonicalization.Relaxed;
    }

    private void ReadCoverage(DkimTagList tags, int valueOffset, ReadOnlySpan<byte> value)
    {
        if (tags.Base64("bh") is { } bodyHash) BodyHash = bodyHash;
        else Refuse("bh= is missing or no base64");
        ReadForms(tags);
        if (tags.TryGet("l", out var length))
        {
            if (TryNumber(length, out var octets)) Length = octets;
            else Refuse("l= is no number");
        }
        if (tags.Has("q") && !tags.Text("q").Split(':').Any(q => q.Trim() == "dns/txt")) Refuse("q= names no method we know");
        if (!tags.Has("h")) Refuse("h= is missing");
        NamesPlace = Shift(tags.Place("h"), valueOffset, value);
        CheckNames(tags);
    }

    private void ReadForms(DkimTagList tags)
    {
        if (!tags.Has("c"))
        {
            // RFC 8617 §4.1.2 inherits DKIM's default (simple), but the sealers that leave c= out sign relaxed, and the public
            // suite and other verifiers read it so.
            HeaderForm = BodyForm = Kind == SignatureKind.Dkim ? Canonicalization.Simple : Canonicalization.Relaxed;
            return;
        }
        var text = tags.Text("c");
        var slash = text.IndexOf('/');
        var header = slash < 0 ? text : text[..slash];
        var body = slash < 0 ? "simple" : text[(slash + 1)..];
        if (header is not ("simple" or "relaxed") || body is not ("simple" or "relaxed"))
        {
            Refuse("c= is not known");
            return;
        }
        HeaderForm = header == "simple" ? Canonicalization.Simple : Canonicalization.Relaxed;
        BodyForm = body == "simple" ? Canonicalization.Simple : Canonicalization.Relaxed;
    }

    private void CheckNames(DkimTagList tags)
    {
        tags.TryGet("h", out var names);
        var count = 0;
        var from = false;
        var seal = false;
        foreach (var range in names.Split((byte)':'))
        {
            var name = names[range].Trim(" \t\r\n"u8);
            from |= Ascii.EqualsIgnoreCase(name, "from"u8);
            seal |= Ascii.EqualsIgnoreCase(name, "arc-seal"u8);
            if (++count <= MostNames) continue;
            Refuse($"h= has more than {MostNames} names");
            return;
        }
        // RFC 6376 §5.4: From must be signed. RFC 8617 §4.1.2: a message signature does not cover seals.
        if (Kind == SignatureKind.Dkim && !from) Refuse("h= does not name From");
        if (Kind == SignatureKind.ArcMessage && seal) Refuse("h= names ARC-Seal");
    }

    private long? Seconds(DkimTagList tags, string name)
    {
        if (!tags.TryGet(name, out var value)) return null;
        if (TryNumber(value, out var seconds)) return seconds;
        Refuse($"{name}= is no number");
        return null;
    }

    private void Refuse(string problem)
    {
        if (Problem.Length == 0) Problem = problem;
    }

    // RFC 6376 §3.5: up to 76 digits for l=; what does not fit is as good as infinite.
    private static bool TryNumber(ReadOnlySpan<byte> digits, out long number)
    {
        number = 0;
        if (digits.Length is 0 or > 76 || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
        if (!long.TryParse(digits, NumberStyles.None, null, out number)) number = long.MaxValue;
        return true;
    }

    // RFC 6376 §3.7: white space around the value goes with it, the field's own line end does not.
    private static (int From, int To) Shift((int From, int To) place, int offset, ReadOnlySpan<byte> value)
    {
        var end = value.Length;
        if (value.EndsWith("\n"u8)) end--;
        if (end > 0 && value[end - 1] == '\r') end--;
        return (place.From + offset, Math.Max(place.From, Math.Min(place.To, end)) + offset);
    }

    /// <summary>RFC 8616 §2: the A-label form; null when it is no name that could hold a key.</summary>
    internal static string? AsciiDomain(ReadOnlySpan<char> name) =>
        !name.EndsWith(".") && DomainName.TryParse(name, out var domain) ? domain.Ascii : null;
}
