using System.Globalization;
using System.Net;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Delivery;

/// <summary>
/// Reads back what delivery knew of a stored message from the fields it put before it. A scanner that found no virus leaves no field:
/// for `virustest` such a message was not tested.
/// </summary>
internal static class DeliveredFields
{
    /// <param name="own">Our own fields.</param>
    /// <param name="rejectAt">The score from which mail is surely spam.</param>
    public static SieveInput Read(SieveInput input, ReadOnlySpan<byte> own, double rejectAt)
    {
        var found = Text(own, "X-Spam-Result"u8);
        var results = Text(own, "Authentication-Results"u8);
        var received = Text(own, "Received"u8);
        var address = Text(own, "Delivered-To"u8) is { Length: > 0 } to ? to : input.Address;
        var original = Text(own, "X-Original-To"u8);
        var given = original.Length > 0 ? original : Between(received, " for <", '>') ?? address;
        return input with
        {
            Sender = Text(own, "Return-Path"u8).TrimStart('<').TrimEnd('>'),
            Recipient = given,
            OriginalRecipient = given,
            OwnAddresses = [given],
            RemoteAddress = Client(results, received),
            RemoteHost = Between(results, " policy.iprev=", ';') is { } iprev ? Between(iprev, "(", ')') : null,
            SpamPercent = Between(found + ";", "score=", ';') is { } score && double.TryParse(score, NumberStyles.Float, CultureInfo.InvariantCulture, out var points)
                ? SieveInput.PercentOf(points, rejectAt) : null,
            VirusVerdict = found.Contains(" VIRUS=", StringComparison.Ordinal) ? 5 : 0,
        };
    }

    private static string Text(ReadOnlySpan<byte> header, ReadOnlySpan<byte> field) =>
        HeaderFields.TryFind(header, field, out var value) ? HeaderText.Decode(value).Replace('\t', ' ').Trim() : "";

    // Through a trusted relay the client is not the one of our Received field.
    private static IPAddress? Client(string results, string received)
    {
        var text = Between(results + ";", " policy.iprev=", ';')?.Split(' ')[0].Trim('"') ?? Between(received.Split(" by ")[0], "([", ']');
        if (text?.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) == true) text = text[5..];
        return IPAddress.TryParse(text, out var address) ? address : null;
    }

    private static string? Between(string text, string begin, char end)
    {
        var from = text.IndexOf(begin, StringComparison.Ordinal);
        if (from < 0) return null;
        from += begin.Length;
        var to = text.IndexOf(end, from);
        return to < 0 ? null : text[from..to];
    }
}
