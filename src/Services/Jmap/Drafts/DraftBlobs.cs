using Aviso.Base;

namespace Aviso.Jmap;

/// <summary>The octets of the blobs that a message holds, by id.</summary>
internal sealed class DraftBlobs : IDisposable
{
    private readonly Dictionary<string, SpooledBody> _bodies = new(StringComparer.Ordinal);

    public SpooledBody this[string id] => _bodies[id];

    /// <summary>Opens them all; the ids of those that are not there.</summary>
    public async Task<List<string>> OpenAsync(IEnumerable<string> ids, Func<string, Task<SpooledBody?>> open)
    {
        var missing = new List<string>();
        foreach (var id in ids.Distinct(StringComparer.Ordinal))
        {
            if (await open(id) is { } body) _bodies.Add(id, body);
            else missing.Add(id);
        }
        return missing;
    }

    public long Octets => _bodies.Values.Sum(static body => body.Length);

    public void Dispose()
    {
        foreach (var body in _bodies.Values) body.Dispose();
    }
}
