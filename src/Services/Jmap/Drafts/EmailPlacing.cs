using System.Globalization;
using System.Text.Json;
using Aviso.Base;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What an email to be created or imported says beside its message: where it goes, as what, and when it came.</summary>
internal sealed record EmailPlacing(IReadOnlyList<MailboxId> Mailboxes, KeywordSet Keywords, long ReceivedAt)
{
    /// <param name="otherwise">When it came, where it is not said.</param>
    public static EmailPlacing Read(JsonElement email, Call call, long otherwise)
    {
        if (!email.TryGetProperty("mailboxIds"u8, out var ids)) throw DraftException.Invalid("mailboxIds", "missing");
        if (!MailboxIds.TryRead(ids, call.Created, out var mailboxes, out var error)) throw new DraftException(error);
        return new(mailboxes, KeywordsOf(email), ReceivedAtOf(email) ?? otherwise);
    }

    /// <summary>The first member that an email to be placed has not; null when there is none.</summary>
    /// <param name="source">The member that says which message it is.</param>
    public static string? Unknown(JsonElement email, string source) => email.EnumerateObject().Select(static one => one.Name)
        .FirstOrDefault(name => name != source && name is not ("mailboxIds" or "keywords" or "receivedAt"));

    /// <summary>The email with this message, which it owns from here on.</summary>
    public NewEmail Email(SpooledBody body, IMessageReader reader)
    {
        try
        {
            return new(body, reader.Render(body), Mailboxes, Keywords.Flags, Keywords.Names, ReceivedAt);
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>None where it is absent or null, which is the default (RFC 8621 §4.1.1).</summary>
    public static KeywordSet KeywordsOf(JsonElement email)
    {
        if (DraftReader.Member(email, "keywords") is not { } words) return KeywordSet.None;
        return KeywordNames.TryRead(words, out var names, out var error) ? KeywordNames.Set(names) : throw new DraftException(error);
    }

    public static long? ReceivedAtOf(JsonElement email)
    {
        if (DraftReader.Member(email, "receivedAt") is not { } at) return null;
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal;
        return at.ValueKind == JsonValueKind.String
            && DateTimeOffset.TryParseExact(at.GetString(), UtcDate, CultureInfo.InvariantCulture, Utc, out var date)
                ? date.ToUnixTimeSeconds() : throw DraftException.Invalid("receivedAt", "no UTCDate");
    }

    // RFC 8620 §1.4
    private static readonly string[] UtcDate = ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];
}
