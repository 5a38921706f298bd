using System.Collections.Concurrent;
using Aviso.Dns;

namespace Aviso.MailAuth;

/// <summary>What came of asking for a key. Exactly one of key and problem.</summary>
internal readonly record struct DkimKeyAnswer(DkimKeyRecord? Key, bool Temporary, string Problem);

/// <summary>Asks for public keys and keeps the parsed ones. A new record has a new text, so nothing here grows stale.</summary>
internal sealed class DkimKeyLookup(IResolver resolver)
{
    private const int MostKeys = 4096;
    private readonly ConcurrentDictionary<string, DkimKeyRecord> _parsed = new(StringComparer.Ordinal);

    /// <summary>The key at <paramref name="name"/>. Throws only when cancelled.</summary>
    public async Task<DkimKeyAnswer> FindAsync(string name, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync(name, DnsType.Txt, cancel);
        if (answer.IsTemporary) return new(null, true, "the key could not be looked up");
        // RFC 6376 §3.6.2.2 leaves several records undefined: the first usable one, else the first.
        DkimKeyRecord? chosen = null;
        foreach (var record in answer.Of<TxtRecord>().Take(5))
        {
            var parsed = Parse(record.Text);
            if (chosen is null || parsed.Problem.Length == 0) chosen = parsed;
            if (parsed.Problem.Length == 0) break;
        }
        return chosen is null ? new(null, false, "there is no key") : new(chosen, false, "");
    }

    private DkimKeyRecord Parse(string text)
    {
        if (_parsed.TryGetValue(text, out var known)) return known;
        var parsed = DkimKeyRecord.Parse(text);
        // Strangers choose what we look up: a full cache starts again instead of growing.
        if (_parsed.Count >= MostKeys) _parsed.Clear();
        _parsed[text] = parsed;
        return parsed;
    }
}
