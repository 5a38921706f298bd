using System.Text;

namespace Aviso.Moving;

/// <summary>Dovecot's `subscriptions`: version 2 has a head line and TAB between levels, version 1 one name a line.</summary>
internal static class SubscriptionsFile
{
    public const int MostOctets = 4 << 20;

    /// <summary>Names as levels, still encoded as folders are.</summary>
    public static IReadOnlyList<string[]> Parse(ReadOnlySpan<byte> octets, char separator)
    {
        var lines = Encoding.UTF8.GetString(octets).Split('\n');
        var isNew = lines[0].StartsWith("V\t2", StringComparison.Ordinal);
        return [.. lines.Skip(isNew ? 1 : 0).Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)
            .Select(line => line.Split(isNew ? '\t' : separator)).Where(levels => Array.TrueForAll(levels, level => level.Length > 0))];
    }

    public static byte[] Write(IEnumerable<string[]> names)
    {
        var text = new StringBuilder("V\t2\n\n");
        foreach (var levels in names) text.AppendJoin('\t', levels).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
