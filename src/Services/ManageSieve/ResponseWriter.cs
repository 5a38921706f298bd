using System.Buffers;
using System.Globalization;
using System.Text;
using Aviso.Net;

namespace Aviso.ManageSieve;

/// <summary>Writes responses (RFC 5804 §4) into the connection's pipe; nothing is sent before <see cref="FlushAsync"/>.</summary>
internal sealed class ResponseWriter(WireConnection connection, TimeSpan patience)
{
    private const int Much = 64 * 1024;
    private int _unflushed;

    /// <summary>The peer is gone or does not read: stop working for it.</summary>
    public bool Broken { get; private set; }

    public ResponseWriter Bytes(ReadOnlySpan<byte> octets)
    {
        connection.Output.Write(octets);
        _unflushed += octets.Length;
        return this;
    }

    public ResponseWriter Text(string text) => Bytes(Encoding.UTF8.GetBytes(text));

    public ResponseWriter Line() => Bytes("\r\n"u8);

    /// <summary>string: quoted where it can be, a literal otherwise.</summary>
    public ResponseWriter String(string text)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        if (octets.Length > Grammar.QuotedLimit || octets.AsSpan().ContainsAny((byte)'\r', (byte)'\n', (byte)0)) return Literal(octets);
        return Text($"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
    }

    // literal-s2c = "{" number "}" CRLF *OCTET
    public ResponseWriter Literal(ReadOnlySpan<byte> octets) =>
        Text(string.Create(CultureInfo.InvariantCulture, $"{{{octets.Length}}}\r\n")).Bytes(octets);

    public ResponseWriter Response(Response response)
    {
        Bytes(response.Status switch { ResponseStatus.Ok => "OK"u8, ResponseStatus.No => "NO"u8, _ => "BYE"u8 });
        if (response.Code.Length > 0) Text($" ({response.Code})");
        if (response.Text.Length > 0) Bytes(" "u8).String(response.Text);
        return Line();
    }

    /// <summary>Sends when much has gathered: a client that reads nothing waits for itself.</summary>
    public ValueTask BreatheAsync() => _unflushed < Much ? default : FlushAsync();

    public async ValueTask FlushAsync()
    {
        if (_unflushed == 0 || Broken) return;
        _unflushed = 0;
        Broken = !await connection.FlushAsync(patience);
    }
}
