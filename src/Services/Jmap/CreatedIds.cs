namespace Aviso.Jmap;

/// <summary>Creation ids and what was made for them, one map for all types of a request (RFC 8620 §3.3, §5.3). The last one made
/// wins.</summary>
internal sealed class CreatedIds
{
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> All => _ids;

    public void Add(string creationId, string id) => _ids[creationId] = id;

    /// <summary>The id that is meant: itself, or what was made for #creation-id; null when nothing was.</summary>
    public string? Resolve(string reference) => reference.StartsWith('#') ? _ids.GetValueOrDefault(reference[1..]) : reference;
}
