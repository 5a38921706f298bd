using System.IO.Compression;
using System.Net.Security;
using System.Text;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>A client that may turn to TLS and to deflate on the way. Octets are read as Latin-1: a count of characters is one of
/// octets.</summary>
internal sealed class ImapPeer(WirePair pair) : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Stream _in = pair.ClientStream;
    private Stream _out = pair.ClientStream;
    private int _at;
    private int _end;

    public SslStream? Tls { get; private set; }

    /// <summary>Connects, runs the server and takes the greeting.</summary>
    public static async Task<(ImapPeer Peer, Task Run)> ConnectAsync(
        ImapHost host, bool cleartext = true, bool tls = false, bool implicitTls = false)
    {
        var pair = host.Connect(cleartext, tls || implicitTls);
        var peer = new ImapPeer(pair);
        async Task RunAsync()
        {
            if (!implicitTls || await pair.Server.StartTlsAsync(CancellationToken.None)) await host.Server.RunAsync(pair.Server);
            await pair.Server.DisposeAsync();
        }
        var run = Task.Run(RunAsync, TestContext.Current.CancellationToken);
        if (implicitTls) await peer.StartTlsAsync();
        peer.Greeting = await peer.LineAsync() ?? "";
        return (peer, run);
    }

    public string Greeting { get; private set; } = "";

    public WirePair Pair => pair;

    public async Task StartTlsAsync()
    {
        Assert.Equal(_at, _end);
        Tls = new SslStream(pair.ClientStream, leaveInnerStreamOpen: true, (_, _, _, _) => true);
        await Tls.AuthenticateAsClientAsync("mail.example.test");
        _in = _out = Tls;
    }

    public void StartDeflate()
    {
        Assert.Equal(_at, _end);
        _out = new DeflateStream(_out, CompressionLevel.Fastest, leaveOpen: true);
        _in = new DeflateStream(_in, CompressionMode.Decompress, leaveOpen: true);
    }

    public async Task SendAsync(string text) => await SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> octets)
    {
        await _out.WriteAsync(octets, TestContext.Current.CancellationToken);
        await _out.FlushAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Null at the end.</summary>
    public async Task<string?> LineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_at == _end && !await FillAsync()) return line.Length == 0 ? null : line.ToString();
            var end = Array.IndexOf(_buffer, (byte)'\n', _at, _end - _at);
            var stop = end < 0 ? _end : end + 1;
            line.Append(Encoding.Latin1.GetString(_buffer, _at, stop - _at));
            _at = stop;
            if (end >= 0) return line.ToString().TrimEnd('\r', '\n');
        }
    }

    public async Task<byte[]> OctetsAsync(int count)
    {
        var octets = new byte[count];
        for (var got = 0; got < count;)
        {
            if (_at == _end && !await FillAsync()) throw new EndOfStreamException();
            var take = Math.Min(count - got, _end - _at);
            _buffer.AsSpan(_at, take).CopyTo(octets.AsSpan(got));
            _at += take;
            got += take;
        }
        return octets;
    }

    /// <summary>Sends a command and takes all lines up to its completion.</summary>
    public async Task<List<string>> CommandAsync(string tag, string command)
    {
        await SendAsync($"{tag} {command}\r\n");
        return await AnswerAsync(tag);
    }

    public async Task<List<string>> AnswerAsync(string tag)
    {
        var lines = new List<string>();
        while (true)
        {
            lines.Add(await LineAsync() ?? throw new EndOfStreamException(string.Join('\n', lines)));
            if (lines[^1].StartsWith(tag + " ", StringComparison.Ordinal)) return lines;
        }
    }

    public async Task<string> LastAsync(string tag, string command) => (await CommandAsync(tag, command))[^1];

    public async Task LogInAsync() =>
        Assert.StartsWith("l OK", await LastAsync("l", "LOGIN alice@example.test secret"), StringComparison.Ordinal);

    private async Task<bool> FillAsync()
    {
        _at = 0;
        _end = await _in.ReadAsync(_buffer, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(1));
        return _end > 0;
    }

    public async ValueTask DisposeAsync() => await pair.DisposeAsync();
}
