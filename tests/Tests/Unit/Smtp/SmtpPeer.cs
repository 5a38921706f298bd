using System.Net.Security;
using System.Text;
using Aviso.Tests.Unit.Lines;
using Aviso.Tests.Unit.Net;

namespace Aviso.Tests.Unit.Smtp;

/// <summary>The client's end of a <see cref="WirePair"/> for line protocols, in clear and under TLS. A read that takes 10 seconds
/// fails.</summary>
internal sealed class SmtpPeer(WirePair pair)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly byte[] _buffer = new byte[8192];
    private Stream _stream = pair.ClientStream;
    private int _start, _end;

    /// <summary>All lines so far, for what a failing test shows.</summary>
    public List<string> Heard { get; } = [];

    /// <summary>Called again and again until the next line comes: a clock that is moved.</summary>
    public Action? WhileWaiting { get; set; }

    public async Task StartTlsAsync()
    {
        if (_start != _end) throw new InvalidOperationException("the server spoke before TLS");
        // The certificate is the test's own, self-signed.
        var tls = new SslStream(_stream, false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mail.example.test").WaitAsync(Patience);
        _stream = tls;
    }

    public async Task SendAsync(IEnumerable<string> lines, Cut cut)
    {
        var pieces = lines.Select(Transcript.Octets).ToList();
        if (cut == Cut.Whole) pieces = [[.. pieces.SelectMany(p => p)]];
        if (cut == Cut.Octet) pieces = [.. pieces.SelectMany(p => p).Select(o => new[] { o })];
        try
        {
            foreach (var piece in pieces)
            {
                await _stream.WriteAsync(piece);
                await _stream.FlushAsync();
                await Task.Yield();
            }
        }
        catch (IOException)
        {
            // The server closed while we spoke; what it said is still to be read.
        }
    }

    public Task SendAsync(string text) => SendAsync([text], Cut.Whole);

    /// <summary>The next line without CRLF; null at the end.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = new List<byte>();
        while (true)
        {
            if (_start == _end && !await FillAsync()) return line.Count == 0
                ? null : throw new EndOfStreamException(Encoding.UTF8.GetString([.. line]));
            var octet = _buffer[_start++];
            line.Add(octet);
            if (octet != '\n') continue;
            if (line is not [.., (byte)'\r', _]) throw new FormatException("a reply that does not end in CR LF");
            Heard.Add(Encoding.ASCII.GetString([.. line[..^2]]));
            return Heard[^1];
        }
    }

    /// <summary>Lines up to the last of one reply; the code of the last line.</summary>
    public async Task<string> ReadReplyAsync()
    {
        while (true)
        {
            var line = await ReadLineAsync() ?? throw new EndOfStreamException();
            if (line[3] != '-') return line;
        }
    }

    public async Task FinishAsync()
    {
        try
        {
            if (_stream is SslStream tls) await tls.ShutdownAsync();
        }
        catch (IOException)
        {
            // Closed by the server.
        }
        await pair.FinishAsync();
    }

    private async Task<bool> FillAsync()
    {
        var reading = _stream.ReadAsync(_buffer).AsTask();
        for (var turn = 0; WhileWaiting is not null && turn < 200 && !reading.IsCompleted; turn++)
        {
            WhileWaiting();
            await Task.WhenAny(reading, Task.Delay(20));
        }
        WhileWaiting = null;
        if (await Task.WhenAny(reading, Task.Delay(Patience)) != reading)
            throw new TimeoutException($"the server says nothing after\n{string.Join('\n', Heard)}");
        (_start, _end) = (0, await reading);
        return _end > 0;
    }
}
