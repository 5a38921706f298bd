using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Bench;

/// <summary>CPU milliseconds of the server a command, commands a second, PSS in MB.</summary>
internal sealed record ImapFigures(double CpuPerCommand, double PerSecond, double Pss);

/// <summary>
/// The IMAP load: what clients do all day, the same for every server. A round is SELECT and two FETCHes (flags, envelope,
/// structure or a whole random message), a third of the time STORE, half of the time LIST, half STATUS, now and then APPEND and
/// EXPUNGE.
/// </summary>
internal static class ImapLoad
{
    private static readonly string Message = "From: a@sender.test\r\nTo: b@bench.test\r\nSubject: load\r\nMessage-ID: <load@bench.test>\r\n"
        + "Date: Sat, 01 Mar 2025 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
        + string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog and goes home again\r\n", 40));

    public static async Task FillAsync(ITarget target, int users, int messages)
    {
        await Task.WhenAll(Enumerable.Range(1, users).Chunk((users + 9) / 10).Select(chunk => Task.Run(() =>
        {
            foreach (var user in chunk)
            {
                using var imap = new Client(target.Imap);
                imap.Run($"LOGIN user{user:000}@bench.test benchpass");
                for (var i = imap.Select("INBOX"); i < messages; i++) imap.Append("INBOX", Message);
            }
        })));
    }

    public static Task<ImapFigures> MixedAsync(ITarget target, int connections, int seconds) => MeasureAsync(target, connections, seconds, (number, until) =>
    {
        var chance = new Random(number);
        var commands = 0;
        using var imap = new Client(target.Imap);
        imap.Run($"LOGIN user{(number % 100) + 1:000}@bench.test benchpass");
        while (Stopwatch.GetTimestamp() < until)
        {
            var count = imap.Select("INBOX");
            commands++;
            for (var i = 0; i < 2; i++) commands += imap.Run(Fetch(chance, count));
            if (chance.Next(3) == 0) commands += imap.Run(
                $"STORE {chance.Next(1, count + 1)} {(chance.Next(2) == 0 ? '+' : '-')}FLAGS (\\Seen)");
            if (chance.Next(2) == 0) commands += imap.Run("LIST \"\" *");
            if (chance.Next(2) == 0) commands += imap.Run("STATUS Sent (MESSAGES UNSEEN UIDNEXT)");
            if (chance.Next(10) != 0) continue;
            imap.Append("INBOX", Message);
            commands += 1 + imap.Run($"STORE {count} +FLAGS.SILENT (\\Deleted)") + imap.Run("EXPUNGE");
        }
        return commands;
    });

    public static Task<ImapFigures> LoginsAsync(ITarget target, int connections, int seconds) => MeasureAsync(target, connections, seconds, (number, until) =>
    {
        var chance = new Random(number);
        var commands = 0;
        while (Stopwatch.GetTimestamp() < until)
        {
            using var imap = new Client(target.Imap);
            commands += imap.Run($"LOGIN user{(number % 100) + 1:000}@bench.test benchpass");
            var count = imap.Select("INBOX");
            commands += 1 + imap.Run(Fetch(chance, count)) + imap.Run("LOGOUT");
        }
        return commands;
    });

    /// <summary>Asks for a word until the answer is as quick as an index makes it, at most a minute.</summary>
    public static async Task IndexAsync(ITarget target, string user, string word)
    {
        using var imap = new Client(target.Imap);
        imap.Run($"LOGIN {user} benchpass");
        imap.Select("INBOX");
        var best = double.MaxValue;
        for (var i = 0; i < 30; i++)
        {
            var began = Stopwatch.GetTimestamp();
            imap.Run($"SEARCH BODY {word}");
            var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (i > 5 && took > best * 0.9 && took < best * 1.5) return;
            best = Math.Min(best, took);
            await Task.Delay(2_000);
        }
    }

    /// <summary>Milliseconds of the first SELECT of a new session.</summary>
    public static double Select(ITarget target, string user)
    {
        using var imap = new Client(target.Imap);
        imap.Run($"LOGIN {user} benchpass");
        var began = Stopwatch.GetTimestamp();
        imap.Select("INBOX");
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    /// <summary>Adds one message to INBOX.</summary>
    public static void Append(ITarget target, string user)
    {
        using var imap = new Client(target.Imap);
        imap.Run($"LOGIN {user} benchpass");
        imap.Append("INBOX", Message);
    }

    private static string Fetch(Random chance, int count) => chance.Next(4) switch
    {
        0 => "FETCH 1:* (UID FLAGS)",
        1 => $"FETCH {Math.Max(1, count - 49)}:* (UID FLAGS ENVELOPE)",
        2 => $"FETCH {Math.Max(1, count - 49)}:* (UID BODYSTRUCTURE RFC822.SIZE)",
        _ => $"FETCH {chance.Next(1, count + 1)} (BODY.PEEK[])",
    };

    private static async Task<ImapFigures> MeasureAsync(ITarget target, int connections, int seconds, Func<int, long, int> work)
    {
        var before = await Scripts.StatAsync(target.Pids);
        var began = Stopwatch.GetTimestamp();
        var until = began + (seconds * Stopwatch.Frequency);
        var workers = Enumerable.Range(0, connections)
            .Select(number => Task.Factory.StartNew(() => work(number, until), TaskCreationOptions.LongRunning)).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(seconds * 0.8));
        var pss = (await Scripts.StatAsync(target.Pids)).Pss;
        var commands = (await Task.WhenAll(workers)).Sum();
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var cpu = (await Scripts.StatAsync(target.Pids)).Cpu - before.Cpu;
        var figures = new ImapFigures(cpu * 1000 / commands, commands / elapsed, pss);
        Console.WriteLine(
            $"  {target.Name}: {commands} commands, {figures.PerSecond:0}/s, {figures.CpuPerCommand:0.000} CPU ms each, {pss:0} MB");
        return figures;
    }

    /// <summary>As little client as it takes: it shares the cores with the server.</summary>
    private sealed class Client : IDisposable
    {
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        private readonly byte[] _buffer = new byte[256 * 1024];
        private int _length;
        private int _tag;

        public Client(int port)
        {
            _socket.Connect("127.0.0.1", port);
            ReadUntil("* OK"u8);
        }

        /// <summary>Runs a command to its OK; returns 1.</summary>
        public int Run(string command)
        {
            var tag = $"t{++_tag:000000} ";
            _socket.Send(Encoding.ASCII.GetBytes($"{tag}{command}\r\n"));
            ReadUntil(Encoding.ASCII.GetBytes(tag));
            return 1;
        }

        /// <summary>Messages in the mailbox.</summary>
        public int Select(string mailbox)
        {
            Run($"SELECT {mailbox}");
            var text = Encoding.ASCII.GetString(_buffer, 0, _length);
            var exists = text.IndexOf(" EXISTS", StringComparison.Ordinal);
            return int.Parse(text.AsSpan(text.LastIndexOf(' ', exists - 1) + 1, exists - text.LastIndexOf(' ', exists - 1) - 1));
        }

        public void Append(string mailbox, string message) => Run($"APPEND {mailbox} {{{message.Length}+}}\r\n{message}");

        public void Dispose() => _socket.Dispose();

        // The tagged line is the last of an answer: only the tail has to be looked at. Throws on NO and BAD.
        private void ReadUntil(ReadOnlySpan<byte> start)
        {
            _length = 0;
            while (true)
            {
                if (_length == _buffer.Length)
                {
                    _buffer.AsSpan(_length - 4096).CopyTo(_buffer);
                    _length = 4096;
                }
                var got = _socket.Receive(_buffer, _length, _buffer.Length - _length, SocketFlags.None);
                if (got == 0) throw new IOException("the server closed the connection");
                _length += got;
                if (_buffer[_length - 1] != '\n') continue;
                var line = _buffer.AsSpan(0, _length - 1);
                line = line[(line.LastIndexOf((byte)'\n') + 1)..];
                if (!line.StartsWith(start)) continue;
                if (line[start.Length..].StartsWith("NO"u8) || line[start.Length..].StartsWith("BAD"u8))
                    throw new InvalidOperationException(Encoding.ASCII.GetString(line));
                return;
            }
        }
    }
}
