using System.Text;

namespace Aviso.Tests.System.Browser;

/// <summary>A message as another program would write it. Values of header fields are taken as they are, however hostile.</summary>
internal sealed record Letter(string Subject)
{
    public string From { get; init; } = "Mia Winter <mia@elsewhere.test>";

    public string? Text { get; init; }

    public string? Html { get; init; }

    /// <summary>Instead of text and HTML: the header fields of the content, an empty line, and the body.</summary>
    public string? Raw { get; init; }

    /// <summary>Whole further parts, from their header fields on.</summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>Further header fields, each with its line end.</summary>
    public string Fields { get; init; } = "";

    /// <summary>Of the kind of multipart that holds the parts.</summary>
    public string Kind { get; init; } = "mixed";

    /// <summary>The envelope's sender.</summary>
    public string Sender => From.Contains('<', StringComparison.Ordinal) && From.EndsWith('>') ? From[(From.LastIndexOf('<') + 1)..^1]
        : "mia@elsewhere.test";

    public static string Attachment(string fileName, string type, string content, string more = "") =>
        $"Content-Type: {type}\r\nContent-Disposition: attachment; filename=\"{fileName}\"\r\n{more}Content-Transfer-Encoding: "
            + $"base64\r\n\r\n{Base64(content)}";

    public string For(string recipient) =>
        $"From: {From}\r\nTo: {recipient}\r\nSubject: {Subject}\r\nMessage-ID: <{Guid.NewGuid():n}@elsewhere.test>\r\n"
        + $"Date: {DateTimeOffset.UnixEpoch.AddYears(56):r}\r\n{Fields}MIME-Version: 1.0\r\n{Content()}";

    private string Content()
    {
        var body = Raw ?? (Html is null ? Part("plain", Text ?? "Hello.\r\n") : Part("html", Html));
        if (Parts.Count == 0) return body;
        const string boundary = "=_aviso_=";
        return $"Content-Type: multipart/{Kind}; boundary=\"{boundary}\"\r\n\r\n"
            + string.Concat(Parts.Prepend(body).Select(part => $"--{boundary}\r\n{part}\r\n")) + $"--{boundary}--\r\n";
    }

    private static string Part(string subtype, string text) =>
        $"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{Base64(text)}";

    public static string Base64(string text) => Base64(Encoding.UTF8.GetBytes(text));

    public static string Base64(byte[] octets) =>
        string.Concat(Convert.ToBase64String(octets).Chunk(76).Select(line => new string(line) + "\r\n"));
}
