using System.Text;
using MailKit;

namespace Aviso.Moving;

/// <summary>The end of what the server said, for exact errors: MailKit keeps the text of an answer and not its response code.</summary>
internal sealed class ServerTail : IProtocolLogger
{
    private const int Most = 1024;

    private static readonly string[] Patient = ["BYE", "NO [THROTTLED]", "NO [LIMIT]", "NO [UNAVAILABLE]", "NO [INUSE]", "NO [OVERQUOTA]",
        "NO [ALERT] Too many", "NO [ALERT] Account exceeded"];

    private readonly byte[] _tail = new byte[Most];
    private int _length;

    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    /// <summary>Its last line that says how a command ended, or why the connection does: without its tag; empty when it has said
    /// nothing.</summary>
    public string LastAnswer
    {
        get
        {
            var lines = Encoding.Latin1.GetString(_tail, 0, _length).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return lines.Select(line => line.TrimEnd('\r')).Reverse().Select(Answer).FirstOrDefault(text => text is not null) ?? "";
        }
    }

    /// <summary>The same try later may go well: codes of RFC 5530 §3, and what large servers say of too much at once.</summary>
    public bool AsksForPatience =>
        LastAnswer is var last && Array.Exists(Patient, word => last.StartsWith(word, StringComparison.OrdinalIgnoreCase));

    public void LogConnect(Uri uri) => _length = 0;

    public void LogClient(byte[] buffer, int offset, int count)
    {
    }

    public void LogServer(byte[] buffer, int offset, int count)
    {
        var fresh = buffer.AsSpan(offset, count);
        if (fresh.Length > Most) fresh = fresh[^Most..];
        var kept = Math.Min(_length, Most - fresh.Length);
        _tail.AsSpan(_length - kept, kept).CopyTo(_tail);
        fresh.CopyTo(_tail.AsSpan(kept));
        _length = kept + fresh.Length;
    }

    public void Dispose()
    {
    }

    private static string? Answer(string line)
    {
        var words = line.Split(' ', 3);
        return words is [_, "NO" or "BAD" or "BYE" or "OK", ..] ? string.Concat(line.AsSpan(words[0].Length + 1)
            .ToString().Select(c => char.IsControl(c) ? '?' : c)) : null;
    }
}
