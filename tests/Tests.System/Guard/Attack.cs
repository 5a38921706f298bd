using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Aviso.Tests.System.Peers;

namespace Aviso.Tests.System.Guard;

/// <summary>
/// Many hostile connections at once, each from an address of its own kind that a trusted proxy names: nothing leaves this machine, and no
/// exemption of loopback counts. Everything is bounded by the number of connections and by <paramref name="stop"/>.
/// </summary>
/// <param name="wave">Attackers of another wave have other addresses.</param>
internal sealed class Attack(AvisoServer server, int connections, int wave, CancellationToken stop)
{
    private static readonly byte[] HalfHello = [22, 3, 1, 2, 0, 1, 0, 1, 252];

    private readonly List<Socket> _held = [];
    private readonly Lock _gate = new();
    private int _begun, _refused;

    /// <summary>Connections begun.</summary>
    public int Begun => _begun;

    /// <summary>Connections that the server ended or did not greet.</summary>
    public int Refused => _refused;

    /// <summary>Attempts of each attacker until nobody answered it any more, by kind.</summary>
    public Dictionary<string, List<int>> UntilBanned { get; } = [];

    /// <summary>Addresses that must be banned at the end, by kind.</summary>
    public Dictionary<string, List<string>> ToBan { get; } = [];

    /// <summary>Opens all of it and keeps the silent ones open until <see cref="LetGo"/>.</summary>
    public async Task RunAsync()
    {
        var few = Math.Max(2, connections / 100);
        var flooders = Math.Max(1, connections / 1000);
        await Task.WhenAll(
            HoldAsync(0, "smtp", connections * 4 / 10, 10, "E"u8.ToArray(), afterGreeting: true),
            HoldAsync(1, "imap", connections * 2 / 10, 20, "a"u8.ToArray(), afterGreeting: false),
            HoldAsync(2, "imaps", connections * 2 / 10, 20, HalfHello, afterGreeting: false),
            EachAsync(3, "early talkers", few * 2, address => UntilAsync(address, "smtp", "EHLO x\r\n", beforeGreeting: true, most: 5)),
            EachAsync(4, "http on smtp", few, address => UntilAsync(address, "smtp", "GET / HTTP/1.1\r\n", beforeGreeting: false, most: 5)),
            EachAsync(5, "password guessing", few, GuessAsync),
            EachAsync(6, "address harvest", few, HarvestAsync),
            EachAsync(7, "connection flood", flooders, address => FloodAsync(address, Math.Max(120, connections / 10 / flooders))));
    }

    public void LetGo()
    {
        lock (_gate)
        {
            foreach (var socket in _held) socket.Dispose();
            _held.Clear();
        }
    }

    /// <summary>How many of the silent ones are still connected.</summary>
    public int StillHeld
    {
        get
        {
            lock (_gate) return _held.Count(s => !(s.Poll(0, SelectMode.SelectRead) && s.Available == 0));
        }
    }

    private async Task EachAsync(int kind, string name, int count, Func<string, Task<int>> attack)
    {
        var addresses = Enumerable.Range(0, count).Select(i => Address(kind, i)).ToList();
        lock (_gate) ToBan[name] = addresses;
        var tries = new List<int>();
        foreach (var some in addresses.Chunk(20)) tries.AddRange(await Task.WhenAll(some.Select(attack)));
        lock (_gate) UntilBanned[name] = tries;
    }

    // One octet and then silence: the place is all they want.
    private async Task HoldAsync(int kind, string listener, int count, int ofEach, byte[] octets, bool afterGreeting)
    {
        for (var at = 0; at < count && !stop.IsCancellationRequested; at += 100)
        {
            await Task.WhenAll(Enumerable.Range(at, Math.Min(100, count - at)).Select(async i =>
            {
                var socket = await OpenAsync(listener, Address(kind, i / ofEach));
                if (socket is null) return;
                lock (_gate) _held.Add(socket);
                if (!afterGreeting) await SendAsync(socket, octets);
            }));
        }
        if (!afterGreeting) return;
        List<Socket> held;
        lock (_gate) held = [.. _held];
        foreach (var socket in held.Where(s => s.Available > 0)) await SendAsync(socket, octets);
    }

    // The same again until the connection is not answered any more.
    private async Task<int> UntilAsync(string address, string listener, string words, bool beforeGreeting, int most)
    {
        for (var tries = 0; tries < most; tries++)
        {
            using var socket = await OpenAsync(listener, address);
            if (socket is null) return tries;
            if (!beforeGreeting && (await LineAsync(socket))?.StartsWith("220", StringComparison.Ordinal) != true) return tries;
            await SendAsync(socket, Encoding.ASCII.GetBytes(words));
            string? last = null;
            while (await LineAsync(socket) is { } line) last = line;
            if (beforeGreeting && last?.StartsWith("554", StringComparison.Ordinal) != true) return tries;
        }
        return most;
    }

    private async Task<int> GuessAsync(string address)
    {
        var failures = 0;
        while (failures < 20)
        {
            using var socket = await OpenAsync("imap", address);
            if (socket is null || (await LineAsync(socket))?.StartsWith("* OK", StringComparison.Ordinal) != true) return failures;
            while (failures < 20)
            {
                await SendAsync(socket, Encoding.ASCII.GetBytes($"a LOGIN user-{address}@{AvisoServer.Domain} guess{failures}\r\n"));
                if ((await LineAsync(socket))?.StartsWith("a NO", StringComparison.Ordinal) != true) break;
                failures++;
            }
        }
        return failures;
    }

    private async Task<int> HarvestAsync(string address)
    {
        using var socket = await OpenAsync("smtp", address);
        if (socket is null || await LineAsync(socket) is null) return 0;
        await SendAsync(socket, "HELO x\r\nMAIL FROM:<>\r\n"u8.ToArray());
        await LineAsync(socket);
        await LineAsync(socket);
        for (var i = 0; i < 100; i++)
        {
            await SendAsync(socket, Encoding.ASCII.GetBytes($"RCPT TO:<user{i}@{AvisoServer.Domain}>\r\n"));
            if ((await LineAsync(socket))?.StartsWith("550", StringComparison.Ordinal) != true) return i;
        }
        return 100;
    }

    private async Task<int> FloodAsync(string address, int count)
    {
        var tries = 0;
        for (; tries < count && !stop.IsCancellationRequested; tries++)
        {
            using var socket = await OpenAsync("smtp", address);
            if (socket is null) break;
            // Within the rate the greeting would come after a pause; beyond it the refusal comes at once. Either way it goes on.
            await Task.Delay(1, CancellationToken.None);
        }
        return tries;
    }

    // Over 64 networks, or the rates of a network would end it before the rates of a client do.
    private string Address(int kind, int number) =>
        $"198.{18 + (2 * wave) + (kind / 4)}.{(kind % 4 * 64) + (number % 64)}.{(number / 64) + 1}";

    private async Task<Socket?> OpenAsync(string listener, string address)
    {
        Interlocked.Increment(ref _begun);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // IP_BIND_ADDRESS_NO_PORT: the port is found when connecting, or thousands of searches take the machine from the server.
            socket.SetRawSocketOption(0, 24, BitConverter.GetBytes(1));
            socket.Bind(new IPEndPoint(IPAddress.Parse(HaproxyServer.Source), 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port(listener)), stop);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"PROXY TCP4 {address} 203.0.113.1 40000 25\r\n"), stop);
            return socket;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            Interlocked.Increment(ref _refused);
            socket.Dispose();
            return null;
        }
    }

    private async Task SendAsync(Socket socket, byte[] octets)
    {
        try
        {
            await socket.SendAsync(octets, stop);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Interlocked.Increment(ref _refused);
        }
    }

    private async Task<string?> LineAsync(Socket socket)
    {
        var line = new List<byte>();
        var one = new byte[1];
        try
        {
            while (true)
            {
                if (await socket.ReceiveAsync(one, stop) == 0) return line.Count == 0 ? null : Encoding.ASCII.GetString([.. line]);
                if (one[0] == '\n') return Encoding.ASCII.GetString([.. line]);
                line.Add(one[0]);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return null;
        }
    }
}

/// <summary>Ordinary people meanwhile: how long each thing they do takes, in milliseconds.</summary>
internal sealed class Ordinary(AvisoServer server)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<double>> _took = [];
    private volatile bool _stop;

    public int Failures { get; private set; }

    public string LastFailure { get; private set; } = "";

    public async Task<Dictionary<string, List<double>>> RunAsync(TimeSpan? time, Task? until)
    {
        _stop = false;
        lock (_gate) _took.Clear();
        var work = Enumerable.Range(1, 4).Select(i => Task.Factory.StartNew(() => Read(i), TaskCreationOptions.LongRunning))
            .Concat(Enumerable.Range(1, 4).Select(i => Task.Factory.StartNew(() => Send(i), TaskCreationOptions.LongRunning)))
            .Append(Task.Factory.StartNew(Come, TaskCreationOptions.LongRunning)).ToList();
        if (time is { } fixedTime) await Task.Delay(fixedTime);
        if (until is not null) await until;
        _stop = true;
        await Task.WhenAll(work);
        lock (_gate) return _took.ToDictionary(t => t.Key, t => t.Value.Order().ToList());
    }

    public static double Percentile(List<double> sorted, double share) =>
        sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];

    private void Read(int number) => Try(() =>
    {
        using var imap = Imap($"198.51.100.{number}");
        while (!_stop)
        {
            Time("command of an open IMAP session", () => imap.Ask("a STATUS INBOX (MESSAGES UNSEEN)", "a "));
            Thread.Sleep(50);
        }
    });

    private void Come() => Try(() =>
    {
        for (var i = 0; !_stop; i++)
        {
            Time("new IMAP connection with login", () => Imap($"198.51.100.{100 + (i % 50)}").Dispose());
            Thread.Sleep(250);
        }
    });

    // A sender of long standing: one connection, as many messages as a stranger may send.
    private void Send(int number) => Try(() =>
    {
        using var smtp = new ProxiedClient(server.Port("smtp"), $"198.51.100.{50 + number}");
        smtp.Expect("220");
        smtp.Ask("EHLO sender.example", "250 ");
        while (!_stop)
        {
            Time("message of an open SMTP session", () =>
            {
                smtp.Ask("MAIL FROM:<friend@sender.example>", "250");
                smtp.Ask($"RCPT TO:<bob@{AvisoServer.Domain}>", "250");
                smtp.Ask("DATA", "354");
                smtp.Ask("From: person@people.test\r\nSubject: hello\r\n\r\nhello\r\n.", "250");
            });
            Thread.Sleep(2100);
        }
    });

    private ProxiedClient Imap(string address)
    {
        var imap = new ProxiedClient(server.Port("imap"), address);
        imap.Expect("* OK");
        imap.Ask($"x LOGIN carol@{AvisoServer.Domain} \"{AvisoServer.Password}\"", "x OK");
        return imap;
    }

    private void Try(Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or SocketException)
        {
            lock (_gate) (Failures, LastFailure) = (Failures + 1, e.Message);
        }
    }

    private void Time(string what, Action work)
    {
        var began = Stopwatch.GetTimestamp();
        work();
        var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        lock (_gate)
        {
            if (!_took.TryGetValue(what, out var all)) _took[what] = all = [];
            all.Add(took);
        }
    }

    private sealed class ProxiedClient : Clients.LineClient
    {
        public ProxiedClient(int port, string address) : base(port, HaproxyServer.Source) =>
            Send($"PROXY TCP4 {address} 203.0.113.1 40000 25\r\n");

        public void Ask(string command, string expected)
        {
            Send(command + "\r\n");
            Expect(expected);
        }

        /// <summary>Reads until a line begins so; what does not is an earlier line of the same answer unless it is a no.</summary>
        public void Expect(string expected)
        {
            while (true)
            {
                var line = ReadLine();
                if (line.StartsWith(expected, StringComparison.Ordinal)) return;
                if (line.Length > 3 && line[3] != '-' && !line.StartsWith('*')) throw new InvalidOperationException(
                    $"expected {expected}: {line}");
            }
        }
    }
}
