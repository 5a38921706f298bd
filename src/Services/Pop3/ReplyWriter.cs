using System.Buffers;
using System.Text;
using Aviso.Net;

namespace Aviso.Pop3;

/// <summary>Writes replies into the connection's pipe; nothing is sent before <see cref="FlushAsync"/>, or when much has
/// gathered.</summary>
internal sealed class ReplyWriter(WireConnection connection, TimeSpan patience)
{
    private const int Much = 64 * 1024;
    private int _unflushed;

    /// <summary>The peer is gone or does not read: stop working for it.</summary>
    public bool Broken { get; private set; }

    /// <summary>A reply of many lines has begun and not ended.</summary>
    public bool IsInLines { get; set; }

    public void Bytes(ReadOnlySpan<byte> octets)
    {
        connection.Output.Write(octets);
        _unflushed += octets.Length;
    }

    public void Line(string text)
    {
        Bytes(Encoding.UTF8.GetBytes(text));
        Bytes("\r\n"u8);
    }

    /// <summary>RFC 1939 §3: a reply of many lines begins; a dot alone ends it.</summary>
    public void Begin(Reply reply)
    {
        Reply(reply);
        IsInLines = true;
    }

    public void End()
    {
        Bytes(".\r\n"u8);
        IsInLines = false;
    }

    public void Reply(Reply reply)
    {
        if (reply.Status == ReplyStatus.Silent) return;
        var sign = reply.Status == ReplyStatus.Ok ? "+OK" : "-ERR";
        Line(reply.Code.Length == 0 ? $"{sign} {reply.Text}" : $"{sign} [{reply.Code}] {reply.Text}");
    }

    /// <summary>Sends when much has gathered; false when the peer is gone.</summary>
    public async ValueTask<bool> GoOnAsync()
    {
        if (_unflushed >= Much) await FlushAsync();
        return !Broken;
    }

    public async ValueTask FlushAsync()
    {
        if (_unflushed == 0 || Broken) return;
        _unflushed = 0;
        Broken = !await connection.FlushAsync(patience);
    }
}
