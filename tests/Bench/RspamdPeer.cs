using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Aviso.Bench;

/// <summary>Asks and teaches a running Rspamd as rspamc does: one message a request.</summary>
internal sealed class RspamdClient : IDisposable
{
    private readonly HttpClient _http =
        new() { Timeout = TimeSpan.FromSeconds(60), DefaultRequestHeaders = { { "Password", "benchpass" } } };

    public void Dispose() => _http.Dispose();

    public async Task LearnAsync(IEnumerable<CorpusMessage> messages)
    {
        foreach (var message in messages)
        {
            // It refuses to learn what it has no words for.
            using var reply = await PostAsync(PeerStack.Controller, message.IsSpam ? "learnspam" : "learnham", message);
            if (reply.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized) throw new InvalidOperationException(
                "Rspamd does not let itself be taught");
        }
    }

    /// <summary>What the message is worth to it, as a number to hold against its own threshold of 6 for tagging.</summary>
    public async Task<double> ScoreAsync(CorpusMessage message)
    {
        using var reply = await PostAsync(PeerStack.Scanner, "checkv2", message);
        using var json = JsonDocument.Parse(await reply.Content.ReadAsStreamAsync());
        return json.RootElement.GetProperty("score").GetDouble();
    }

    /// <summary>How many messages it has learned.</summary>
    public async Task<long> LearnedAsync()
    {
        using var json = JsonDocument.Parse(
            await _http.GetStringAsync(new Uri($"http://127.0.0.1:{PeerStack.Controller.ToString(CultureInfo.InvariantCulture)}/stat")));
        return json.RootElement.GetProperty("statfiles").EnumerateArray().Sum(s => s.GetProperty("revision").GetInt64());
    }

    private Task<HttpResponseMessage> PostAsync(int port, string path, CorpusMessage message) =>
        _http.PostAsync(
            new Uri($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}/{path}"), new ByteArrayContent(message.Octets));
}

/// <summary>Rspamd of its Debian package with Redis, and a DNS server that knows of nothing; no mail server around it.</summary>
internal sealed class RspamdPeer : IAsyncDisposable
{
    private readonly RspamdClient _client = new();

    public static async Task<RspamdPeer> StartAsync()
    {
        if (Scripts.Folder is null) throw new IOException(
            "the peers' scripts are not on this machine (set AVISO_PEERS to the folder that holds peers.sh)");
        await Scripts.RunAsync("peers.sh", ["config"], ("SCAN_WORKER", "true"));
        await Scripts.RunAsync("peers.sh", ["startfilter"]);
        return new();
    }

    /// <summary>As on its first day.</summary>
    public async Task ForgetAsync()
    {
        using var redis = new TcpClient("127.0.0.1", PeerStack.Redis);
        await redis.GetStream().WriteAsync("FLUSHALL\r\n"u8.ToArray());
        if (await new StreamReader(redis.GetStream()).ReadLineAsync() is not "+OK") throw new InvalidOperationException(
            "Redis does not forget");
    }

    public async Task LearnAsync(IReadOnlyList<CorpusMessage> messages)
    {
        await _client.LearnAsync(messages);
        // Below 100 of each it would judge by rules alone. It counts a while after it has learned.
        for (var i = 0; await _client.LearnedAsync() < messages.Count / 2; i++)
        {
            if (i > 120) throw new InvalidOperationException($"Rspamd learned {await _client.LearnedAsync()} of {messages.Count} messages");
            await Task.Delay(500);
        }
    }

    public async Task<IReadOnlyList<(CorpusMessage Message, double Score)>> ScoresAsync(IEnumerable<CorpusMessage> messages)
    {
        var scores = new List<(CorpusMessage, double)>();
        foreach (var some in messages.Chunk(4))
            scores.AddRange(some.Zip(await Task.WhenAll(some.Select(_client.ScoreAsync))));
        return scores;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Scripts.RunAsync("peers.sh", ["stop"]);
    }
}
