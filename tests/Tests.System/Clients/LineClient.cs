using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Aviso.Tests.System.Clients;

/// <summary>A plain TCP client that speaks lines in Latin-1, for the harnesses that need thousands of exact commands.</summary>
public class LineClient : IDisposable
{
    private readonly TcpClient _tcp;
    private readonly BufferedStream _stream;
    private readonly byte[] _one = new byte[1];

    /// <param name="from">Loopback address to come from.</param>
    public LineClient(int port, string from = "127.0.0.1")
    {
        _tcp = new(new IPEndPoint(IPAddress.Parse(from), 0)) { NoDelay = true };
        _tcp.ReceiveTimeout = _tcp.SendTimeout = 30_000;
        _tcp.Connect("127.0.0.1", port);
        _stream = new(_tcp.GetStream(), 64 * 1024);
    }

    /// <summary>Sends the octets of <paramref name="text"/> as they are.</summary>
    public void Send(string text)
    {
        _stream.Write(Encoding.Latin1.GetBytes(text));
        _stream.Flush();
    }

    /// <summary>One line without CRLF. Throws IOException when the peer is gone.</summary>
    public string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_stream.Read(_one, 0, 1) == 0) throw new IOException("the server closed the connection");
            if (_one[0] == '\n') break;
            line.Append((char)_one[0]);
        }
        return line.ToString().TrimEnd('\r');
    }

    /// <summary>All that comes until the peer closes or resets.</summary>
    public string ReadToEnd()
    {
        var all = new StringBuilder();
        try
        {
            while (true) all.AppendLine(ReadLine());
        }
        catch (IOException e) when (e.InnerException is not SocketException { SocketErrorCode: SocketError.TimedOut })
        {
            return all.ToString();
        }
    }

    public string ReadExactly(int octets)
    {
        var buffer = new byte[octets];
        _stream.ReadExactly(buffer);
        return Encoding.Latin1.GetString(buffer);
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        // Not the stream first: it would flush to a peer that may have been killed.
        _tcp.Dispose();
    }
}

/// <summary>SMTP, one command at a time.</summary>
public sealed class SmtpLineClient : LineClient
{
    /// <param name="proxied">Client address that a PROXY line (version 1) says, for a server that trusts <paramref name="from"/>.</param>
    public SmtpLineClient(int port, string helo = "client.test", string from = "127.0.0.1", string? proxied = null) : base(port, from)
    {
        if (proxied is not null) Send($"PROXY TCP4 {proxied} 127.0.0.1 40000 25\r\n");
        Expect("220");
        Command($"EHLO {helo}", "250");
    }

    /// <summary>Sends a command and reads its whole reply; throws when it does not begin with <paramref name="code"/>.</summary>
    public string Command(string command, string code)
    {
        Send(command + "\r\n");
        return Expect(code);
    }

    /// <summary>AUTH PLAIN (RFC 4616); the listener must let this network log in in the clear.</summary>
    public void Login(string user, string password) =>
        Command("AUTH PLAIN " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user}\0{password}")), "235");

    /// <summary>A whole transaction; returns when the server has acknowledged it.</summary>
    public void Deliver(string from, IEnumerable<string> recipients, string message)
    {
        Command($"MAIL FROM:<{from}>", "250");
        foreach (var recipient in recipients) Command($"RCPT TO:<{recipient}>", "250");
        Command("DATA", "354");
        Send(message.Replace("\r\n.", "\r\n..", StringComparison.Ordinal) + "\r\n.\r\n");
        Expect("250");
    }

    /// <summary>Reads a whole reply; throws when it does not begin with <paramref name="code"/>.</summary>
    public string Expect(string code)
    {
        string line;
        do line = ReadLine();
        while (line.Length > 3 && line[3] == '-');
        return line.StartsWith(code, StringComparison.Ordinal) ? line : throw new InvalidOperationException($"expected {code}: {line}");
    }
}

/// <summary>IMAP, one command at a time; literals in responses are read whole.</summary>
public sealed class ImapLineClient : LineClient
{
    private int _tag;

    public ImapLineClient(int port, string user, string password, string from = "127.0.0.1") : base(port, from)
    {
        ReadLine();
        Ok($"LOGIN \"{user}\" \"{password}\"");
    }

    /// <summary>The untagged responses of a command that must end OK.</summary>
    public IReadOnlyList<string> Ok(string command)
    {
        var (last, lines) = Run(command);
        return last.StartsWith("OK", StringComparison.Ordinal) ? lines : throw new InvalidOperationException($"{command}: {last}");
    }

    /// <summary>The tagged response without its tag, and the untagged ones; a literal stands where it came, after its {n}.</summary>
    public (string Tagged, IReadOnlyList<string> Untagged) Run(string command)
    {
        var tag = $"a{++_tag}";
        Send($"{tag} {command}\r\n");
        var lines = new List<string>();
        while (true)
        {
            var line = ReadResponse();
            if (line.StartsWith(tag + " ", StringComparison.Ordinal)) return (line[(tag.Length + 1)..], lines);
            lines.Add(line);
        }
    }

    private string ReadResponse()
    {
        var whole = new StringBuilder();
        while (true)
        {
            var line = ReadLine();
            whole.Append(line);
            var open = line.LastIndexOf('{');
            if (open < 0 || !line.EndsWith('}') || !int.TryParse(line.AsSpan(open + 1, line.Length - open - 2), out var octets))
                return whole.ToString();
            whole.Append("\r\n").Append(ReadExactly(octets));
        }
    }
}

/// <summary>POP3, one command at a time.</summary>
public sealed class PopLineClient : LineClient
{
    public PopLineClient(int port) : base(port) => Must(ReadLine());

    /// <summary>The first line of a reply, which must be +OK.</summary>
    public string Ok(string command)
    {
        Send(command + "\r\n");
        return Must(ReadLine());
    }

    private static string Must(string line) =>
        line.StartsWith("+OK", StringComparison.Ordinal) ? line : throw new IOException($"the server said {line}");
}
