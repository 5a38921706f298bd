using System.Security.Cryptography;
using System.Text;
using Aviso.Store;

namespace Aviso.Accounts;

/// <summary>A script as an account keeps it.</summary>
/// <param name="Id">Stays when the script gets another name or other text.</param>
/// <param name="ChangedAt">Unix seconds UTC.</param>
public sealed record KeptScript(string Id, string Name, byte[] Text, bool IsActive, long ChangedAt)
{
    /// <summary>The id of a script that was put before scripts had ids: always the same for one name.</summary>
    internal static string IdOf(string name) => "n" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..24];

    internal bool IsSameAs(KeptScript other) => Name == other.Name && IsActive == other.IsActive && IsTextOf(other);

    internal bool IsTextOf(KeptScript other) => Text.AsSpan().SequenceEqual(other.Text);
}

/// <summary>All scripts of an account, by name, and the state they make.</summary>
public sealed record KeptScripts(RecordLog Log, IReadOnlyList<KeptScript> All)
{
    public KeptScript? Active => All.FirstOrDefault(s => s.IsActive);
}

/// <summary>The ids of scripts by name, as a document: no name holds a control character (RFC 5804 §1.6).</summary>
internal static class ScriptIds
{
    public static byte[] Write(IEnumerable<KeptScript> scripts) =>
        Encoding.UTF8.GetBytes(string.Join('\n', scripts.Select(s => $"{s.Id}\t{s.Name}")));

    public static IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> octets)
    {
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(octets).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            ids[line[(tab + 1)..]] = line[..tab];
        }
        return ids;
    }
}
