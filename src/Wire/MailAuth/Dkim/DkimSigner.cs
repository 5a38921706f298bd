using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>What goes into a signature.</summary>
public sealed record SignOptions
{
    public static readonly SignOptions Default = new();

    /// <summary>
    /// RFC 6376 §5.4.1 and the fields that mean something to the reader: each is signed as often as it stands in the message.
    /// </summary>
    public IReadOnlyList<string> Fields { get; init; } =
    [
        "From", "Reply-To", "Sender", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID", "Content-Description",
        "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Date", "Resent-Message-ID",
        "List-Id", "List-Help", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Subscribe", "List-Post", "List-Owner", "List-Archive",
    ];

    /// <summary>
    /// RFC 6376 §8.15: signed once more than they stand there, so that nobody can add another one.
    /// </summary>
    public IReadOnlyList<string> Oversigned { get; init; } =
    [
        "From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    ];

    /// <summary>x= this long after t=; null for signatures that do not expire.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>i=; null for none (then it means "@" and d=). Must be within d=.</summary>
    public string? Identity { get; init; }
}

/// <summary>RFC 6376 §5: signs with relaxed/relaxed over the whole body, with as many keys as there are.</summary>
public static class DkimSigner
{
    // More of one name than this is no mail program's; naming them all would make a field as large as the message.
    private const int MostOfOneName = 32;

    /// <summary>
    /// The DKIM-Signature fields to put before the message, one for each key in order, each with CRLF. The body is read once,
    /// whatever the number of keys. Empty without keys, and for a header block that no verifier would read (1 MiB). The message
    /// must have CRLF line ends.
    /// </summary>
    public static byte[] Sign(SpooledBody body, IReadOnlyList<DkimKey> keys, SignOptions options, DateTimeOffset now)
    {
        if (keys.Count == 0) return [];
        var fields = CanonicalFields.Read(body);
        if (fields.IsCut) return [];
        var names = Names(fields, options.Fields, options.Oversigned);
        var bodyHash = BodyHash(body, fields);
        var signed = SignedFields(fields, names);
        var text = new StringBuilder();
        foreach (var key in keys)
        {
            var writer = new DkimFieldWriter("DKIM-Signature")
                .Tag("v", "1").Tag("a", key.AlgorithmName).Tag("c", "relaxed/relaxed").Tag("d", key.Domain).Tag("s", key.Selector);
            if (options.Identity is { } identity) writer.Tag("i", identity);
            writer.Tag("t", Seconds(now));
            if (options.Lifetime is { } lifetime) writer.Tag("x", Seconds(now + lifetime));
            writer.Names(names).Tag("bh", bodyHash).Octets();
            text.Append(writer.Finish(key.Sign(Hash(signed, writer.Canonical()))));
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>h=: each name as often as it stands there, the oversigned once more; lower case.</summary>
    internal static List<string> Names(CanonicalFields fields, IReadOnlyList<string> signed, IReadOnlyList<string> oversigned)
    {
        var names = new List<string>();
        foreach (var field in signed)
        {
            var name = field.ToLowerInvariant();
            var count = Math.Min(MostOfOneName, fields.CountOf(Encoding.ASCII.GetBytes(name)));
            if (oversigned.Contains(field, StringComparer.OrdinalIgnoreCase)) count++;
            for (; count > 0; count--) names.Add(name);
        }
        return names;
    }

    internal static string BodyHash(SpooledBody body, CanonicalFields fields)
    {
        using var pass = new CanonicalPass();
        var hash = pass.Want(Canonicalization.Relaxed, HashAlgorithmName.SHA256, length: null);
        pass.Run(body, fields.BodyOffset);
        return Convert.ToBase64String(hash.Value);
    }

    /// <summary>The named fields in relaxed form (RFC 6376 §5.4.2).</summary>
    internal static byte[] SignedFields(CanonicalFields fields, IReadOnlyList<string> names)
    {
        var signed = new ArrayBufferWriter<byte>(4096);
        var selection = fields.Select();
        foreach (var name in names)
        {
            var field = selection.Next(Encoding.ASCII.GetBytes(name));
            if (field >= 0) CanonicalHeader.Write(signed, fields.Raw(field), Canonicalization.Relaxed);
        }
        return signed.WrittenSpan.ToArray();
    }

    internal static byte[] Hash(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> own)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(signed);
        hash.AppendData(own);
        return hash.GetHashAndReset();
    }

    internal static string Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString();
}
