using System.Globalization;
using Aviso.Base;
using Aviso.Smtp;

namespace Aviso.Jmap;

/// <summary>What the parameters of mailFrom ask for (RFC 8621 §7): those of MAIL, and FUTURERELEASE (RFC 4865), which is ours to
/// keep.</summary>
/// <param name="HoldUntil">Unix seconds UTC; null: at once.</param>
internal sealed record SubmissionParameters(MailParameters Mail, long? HoldUntil)
{
    /// <summary>Seconds that a message may be held.</summary>
    public const long MostHold = 30 * 24 * 3600;

    /// <summary>Null when a parameter cannot be followed; the error says which.</summary>
    public static SubmissionParameters? Read(SubmissionAddress from, bool utf8, long now, out SetError error)
    {
        error = SetError.InvalidProperty("envelope", "");
        var (mail, holdUntil) = (new MailParameters(null, BodyType.EightBitMime, utf8, null, null, null), (long?)null);
        foreach (var (name, value) in from.Parameters)
        {
            switch (name)
            {
                case "SIZE" when long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size):
                    mail = mail with { Size = size };
                    break;
                case "RET" when value?.ToUpperInvariant() is "FULL" or "HDRS":
                    mail = mail with { Return = value?.ToUpperInvariant() };
                    break;
                case "ENVID" when value is { Length: > 0 and <= 100 } && value.All(c => c is > ' ' and <= '~'):
                    mail = mail with { EnvelopeId = value };
                    break;
                case "REQUIRETLS" when value is null:
                    mail = mail with { RequireTls = true };
                    break;
                case "SMTPUTF8" when value is null:
                case "BODY" when value?.ToUpperInvariant() is "7BIT" or "8BITMIME":
                    break;
                // RFC 4865 §4: one of the two.
                case "HOLDFOR" or "HOLDUNTIL" when holdUntil is null && Release(name, value, now) is { } until:
                    holdUntil = until;
                    break;
                default:
                    error = SetError.InvalidProperty("envelope", $"mailFrom: {name} is not known here, or not with this value");
                    return null;
            }
        }
        return new(mail, holdUntil);
    }

    /// <summary>Null when a parameter cannot be followed.</summary>
    public static MailRecipient? Recipient(SubmissionAddress to, MailAddress address)
    {
        string? notify = null, original = null;
        foreach (var (name, value) in to.Parameters)
        {
            // RFC 3461 §4.1, §4.2
            if (name == "NOTIFY" && IsNotify(value)) notify = value?.ToUpperInvariant();
            else if (name == "ORCPT" && value is { Length: > 2 and <= 500 } && value.IndexOf(';', StringComparison.Ordinal) > 0)
                original = value;
            else return null;
        }
        return new(address, notify, original);
    }

    private static bool IsNotify(string? value) => value?.ToUpperInvariant().Split(',') is { } words
        && (words is ["NEVER"] || words.All(w => w is "SUCCESS" or "FAILURE" or "DELAY")) && words.Distinct().Count() == words.Length;

    private static long? Release(string name, string? value, long now)
    {
        long until;
        if (name == "HOLDFOR")
        {
            if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > MostHold) return null;
            until = now + seconds;
        }
        else
        {
            if (!DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)) return null;
            until = date.ToUnixTimeSeconds();
        }
        return until <= now + MostHold ? until : null;
    }
}
