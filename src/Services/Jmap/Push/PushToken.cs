namespace Aviso.Jmap;

/// <summary>
/// All states that a client has been told, as one text: the id of a state event (RFC 8620 §7.3) and pushState (RFC 8887 §4.3.5). Who comes
/// again with it is told what has changed since.
/// </summary>
internal static class PushToken
{
    private const int MostLength = 4096;

    public static string Of(IEnumerable<KeyValuePair<string, string>> states) => string.Join(',', states.Select(s => $"{s.Key}:{s.Value}"));

    /// <summary>What of the present states is not what the token says; everything for a token that cannot be read.</summary>
    public static SortedDictionary<string, string> Missed(string token, IReadOnlyDictionary<string, string> now)
    {
        var known = new HashSet<string>(token.Length > MostLength ? [] : token.Split(','), StringComparer.Ordinal);
        var missed = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (type, state) in now)
            if (!known.Contains($"{type}:{state}")) missed[type] = state;
        return missed;
    }
}
