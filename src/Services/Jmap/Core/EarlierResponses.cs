using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>The responses of a request so far, for result references (RFC 8620 §3.7). Each is parsed once, when somebody asks.</summary>
internal sealed class EarlierResponses(ResponseBuffer buffer) : IDisposable
{
    private readonly List<Entry> _entries = [];

    public void Add(string name, string callId, int start, int end) => _entries.Add(new(name, callId, start, end));

    /// <summary>The arguments of the first response with this call id; null when there is none, or its name is another.</summary>
    public JsonElement? Find(string callId, string name)
    {
        var at = _entries.FindIndex(e => e.CallId == callId);
        if (at < 0 || _entries[at].Name != name) return null;
        var entry = _entries[at];
        // The buffer moves when it grows: the parser gets octets of its own.
        entry.Parsed ??= InternetJson.ParseOwn(buffer[entry.Start..entry.End].ToArray());
        return entry.Parsed.RootElement;
    }

    public void Dispose()
    {
        foreach (var entry in _entries) entry.Parsed?.Dispose();
    }

    private sealed class Entry(string name, string callId, int start, int end)
    {
        public string Name => name;

        public string CallId => callId;

        public int Start => start;

        public int End => end;

        public JsonDocument? Parsed { get; set; }
    }
}
