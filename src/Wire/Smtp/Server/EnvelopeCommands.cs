using System.Text;

namespace Aviso.Smtp;

/// <summary>The argument of MAIL, read whole: RFC 5321 §4.1.1.2 with SIZE, BODY, SMTPUTF8, RET, ENVID, AUTH and REQUIRETLS.</summary>
internal readonly record struct MailCommand(ReversePath Sender, MailParameters Parameters)
{
    /// <summary>Null when <paramref name="argument"/> is good, else what to say.</summary>
    /// <param name="tls">Is the session under TLS: only then may REQUIRETLS come (RFC 8689 §2).</param>
    public static Reply? Read(ReadOnlySpan<byte> argument, bool tls, out MailCommand command)
    {
        command = default;
        if (!EnvelopeSyntax.TryAfter(argument, "FROM:"u8, out var rest)) return Replies.BadSenderPath;
        var path = new PathGrammar(rest, PathLeniency.Envelope);
        if (!path.TryReversePath(out var sender)) return Replies.BadSenderPath;

        var read = new MailParameters(null, BodyType.SevenBit, false, null, null, null);
        var seen = new SeenParameters();
        var parameters = new ParameterGrammar(rest[path.Position..]);
        while (!parameters.AtEnd)
        {
            if (!parameters.TryNext(out var keyword, out var value, out var hasValue))
                return keyword.IsEmpty ? Replies.BadSenderPath : Replies.BadParameterSyntax;
            var name = Encoding.ASCII.GetString(keyword).ToUpperInvariant();
            if (!seen.Add(name)) return Replies.DoubleParameter.With(SeenParameters.Short(name));
            var (known, good) = Set(ref read, name, value, hasValue);
            known &= tls || name != "REQUIRETLS";
            if (!known) return Replies.UnknownParameter.With(SeenParameters.Short(name));
            if (!good) return Replies.BadParameter.With(name);
        }
        if (sender.IsUtf8 && !read.SmtpUtf8) return Replies.Utf8Sender;
        command = new(new(sender.Address), read);
        return null;
    }

    private static (bool Known, bool Good) Set(
        ref MailParameters read, string name, ReadOnlySpan<byte> value, bool hasValue)
    {
        switch (name)
        {
            case "SIZE":
                if (!ParameterGrammar.TryNumber(value, out var size)) return (true, false);
                read = read with { Size = size };
                return (true, true);

            // RFC 6152 §2. BINARYMIME is not offered: it would need bare CR and LF, which nobody may send here.
            case "BODY":
                if (Ascii.EqualsIgnoreCase(value, "8BITMIME"u8)) read = read with { Body = BodyType.EightBitMime };
                else if (!Ascii.EqualsIgnoreCase(value, "7BIT"u8)) return (true, false);
                return (true, true);

            case "SMTPUTF8":
                read = read with { SmtpUtf8 = true };
                return (true, !hasValue);

            case "REQUIRETLS":
                read = read with { RequireTls = true };
                return (true, !hasValue);

            case "RET":
                var full = Ascii.EqualsIgnoreCase(value, "FULL"u8);
                read = read with { Return = full ? "FULL" : "HDRS" };
                return (true, full || Ascii.EqualsIgnoreCase(value, "HDRS"u8));

            // RFC 3461 §4.4: at most 100 characters
            case "ENVID":
                if (value.Length is 0 or > 100 || !ParameterGrammar.TryXText(value, out var envelope)) return (true, false);
                read = read with { EnvelopeId = envelope };
                return (true, true);

            // RFC 4954 §5: a mailbox in xtext or "<>"; believed or not, it must be read
            case "AUTH":
                if (value.Length is 0 or > 500 || !ParameterGrammar.TryXText(value, out var submitter)) return (true, false);
                read = read with { SubmitterAuth = submitter };
                return (true, true);

            default:
                return (false, false);
        }
    }
}

/// <summary>The argument of RCPT, read whole: RFC 5321 §4.1.1.3 with NOTIFY and ORCPT.</summary>
internal static class RecipientCommand
{
    /// <summary>Null when <paramref name="argument"/> is good, else what to say.</summary>
    public static Reply? Read(ReadOnlySpan<byte> argument, bool utf8, out MailRecipient? recipient)
    {
        recipient = null;
        if (!EnvelopeSyntax.TryAfter(argument, "TO:"u8, out var rest)) return Replies.BadRecipientPath;
        var path = new PathGrammar(rest, PathLeniency.Envelope);
        if (!path.TryForwardPath(out var mailbox)) return Replies.BadRecipientPath;

        string? notify = null, original = null;
        var seen = new SeenParameters();
        var parameters = new ParameterGrammar(rest[path.Position..]);
        while (!parameters.AtEnd)
        {
            if (!parameters.TryNext(out var keyword, out var value, out _))
                return keyword.IsEmpty ? Replies.BadRecipientPath : Replies.BadParameterSyntax;
            var name = Encoding.ASCII.GetString(keyword).ToUpperInvariant();
            if (!seen.Add(name)) return Replies.DoubleParameter.With(SeenParameters.Short(name));
            switch (name)
            {
                case "NOTIFY" when TryNotify(value, out notify):
                    break;

                // RFC 3461 §4.2: at most 500 characters; RFC 6533 §3: UTF-8 in it only with SMTPUTF8
                case "ORCPT" when value.Length <= 500
                    && ParameterGrammar.TryOriginalRecipient(value, out original, out var isUtf8) && (utf8 || !isUtf8):
                    break;

                case "NOTIFY" or "ORCPT":
                    return Replies.BadParameter.With(name);

                default:
                    return Replies.UnknownParameter.With(SeenParameters.Short(name));
            }
        }
        if (mailbox.IsUtf8 && !utf8) return Replies.Utf8Recipient;
        recipient = new(mailbox.Address, notify, original);
        return null;
    }

    // notify-esmtp-value = "NEVER" / 1#notify-list-element (RFC 3461 §4.1)
    private static bool TryNotify(ReadOnlySpan<byte> value, out string? notify)
    {
        notify = null;
        var words = Encoding.ASCII.GetString(value).ToUpperInvariant().Split(',');
        if (words is ["NEVER"])
        {
            notify = "NEVER";
            return true;
        }
        if (words.Any(w => w is not ("SUCCESS" or "FAILURE" or "DELAY"))) return false;
        notify = string.Join(',', words.Distinct(StringComparer.Ordinal));
        return words.Length <= 3;
    }
}

/// <summary>What MAIL and RCPT share.</summary>
internal static class EnvelopeSyntax
{
    /// <summary>
    /// What follows "FROM:" or "TO:". Spaces after the colon are read over: RFC 5321 §3.3 forbids them and senders have always
    /// sent them.
    /// </summary>
    public static bool TryAfter(ReadOnlySpan<byte> argument, ReadOnlySpan<byte> word, out ReadOnlySpan<byte> rest)
    {
        rest = default;
        if (argument.Length < word.Length || !Ascii.EqualsIgnoreCase(argument[..word.Length], word)) return false;
        rest = argument[word.Length..].TrimStart((byte)' ').TrimEnd((byte)' ');
        return true;
    }
}

/// <summary>Parameters given so far on one command; none may come twice (RFC 5321 §4.1.1.11).</summary>
internal sealed class SeenParameters
{
    private readonly List<string> _names = new(4);

    public bool Add(string name)
    {
        if (_names.Contains(name, StringComparer.Ordinal)) return false;
        _names.Add(name);
        return true;
    }

    /// <summary>A stranger's word, short enough to be said back.</summary>
    public static string Short(string name) => name.Length <= 32 ? name : name[..32];
}
