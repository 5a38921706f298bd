using System.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Guard;

/// <summary>
/// The engine's decisions in our book, known by the engine's ids. What the book kept over a restart counts until the engine says
/// otherwise or its time is over. Used by one loop.
/// </summary>
public sealed class EngineList(Gatekeeper gate, TimeProvider clock, ILogger log)
{
    // What is left of a duration is told to the second or so: less than this is no change.
    private static readonly TimeSpan Same = TimeSpan.FromSeconds(5);

    private readonly Dictionary<long, Decision> _held = Held(gate.Book);
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    public int Count => _held.Count;

    /// <summary>Takes one answer of the stream; how many decisions came and went.</summary>
    /// <param name="whole">The answer is all there is: what it does not name is over.</param>
    public (int Added, int Removed) Apply(EngineStream stream, bool whole)
    {
        var now = clock.GetUtcNow();
        var gone = new List<long>();
        // Those whose time is over have left the book by themselves.
        if (_held.Count > 0) foreach (var id in _held.Where(h => h.Value.Until <= now).Select(h => h.Key).ToList()) _held.Remove(id);
        var missing = whole ? _held.Keys.ToHashSet() : [];
        var removed = (stream.Deleted ?? []).Count(one => Forget(one.Id, gone));
        var added = 0;
        foreach (var one in stream.New ?? [])
        {
            missing.Remove(one.Id);
            if (Read(one, now) is not { } decision) continue;
            if (_held.TryGetValue(one.Id, out var old))
            {
                if (old.Value == decision.Value && old.Type == decision.Type && (old.Until - decision.Until).Duration() < Same) continue;
                Forget(one.Id, gone);
            }
            // The old one goes first: a book that is full has room for its successor.
            if (gone.Count > 0)
            {
                gate.Book.RemoveIds(gone);
                gone.Clear();
            }
            if (gate.Book.Add(decision) is not { } taken)
            {
                Once("full", static log => log.EngineListTooLong(DecisionBook.Most));
                GuardMeters.EngineIgnored("full");
                continue;
            }
            _held[one.Id] = taken;
            GuardMeters.EngineDecision(taken);
            added++;
        }
        removed += missing.Count(id => Forget(id, gone));
        gate.Book.RemoveIds(gone);
        return (added, removed);
    }

    /// <summary>All decisions of an engine leave the book: somebody else decides from now on. How many.</summary>
    public static int Drop(DecisionBook book)
    {
        var held = Held(book);
        book.RemoveIds(held.Values.Select(d => d.Id));
        return held.Count;
    }

    private bool Forget(long engineId, List<long> gone)
    {
        if (!_held.Remove(engineId, out var old)) return false;
        gone.Add(old.Id);
        return true;
    }

    private Decision? Read(EngineDecision one, DateTimeOffset now)
    {
        if (one.Simulated) return Ignore("simulated");
        if (!"Ip".Equals(one.Scope, StringComparison.OrdinalIgnoreCase) && !"Range".Equals(one.Scope, StringComparison.OrdinalIgnoreCase))
        {
            Once("scope " + one.Scope, log => log.EngineScopeUnknown(one.Scope ?? ""));
            return Ignore("scope");
        }
        if (ValueOf(one.Value) is not { } value || !GoDuration.TryParse(one.Duration, out var length))
        {
            Once("text", log => log.EngineUnreadable(one.Value ?? "", one.Duration ?? ""));
            return Ignore("unreadable");
        }
        if (length <= TimeSpan.Zero || one.Id <= 0) return null;
        var decision = new Decision(0, one.Origin is { Length: > 0 } origin ? origin : "crowdsec", one.Scenario ?? "", one.Type ?? Decision.Ban, value, now, now + length)
        {
            EngineId = one.Id,
        };
        if (decision.Type != Decision.Ban) Once("type " + decision.Type, log => log.EngineTypeIdle(decision.Type));
        var network = decision.Network;
        if (network.PrefixLength == 0)
        {
            log.EngineBansAll(value);
            return Ignore("everybody");
        }
        // Incident 26: the gate serves ours whatever anybody lists; a proxy that the engine bans is worth a look at who told it.
        if (decision.Type == Decision.Ban && gate.IsExempt(network.BaseAddress))
        {
            Once("ours " + value, log => log.EngineBansOurs(value, decision.Scenario));
            GuardMeters.Spare("own");
        }
        return decision;
    }

    /// <summary>Lists write networks with bits beyond the prefix as well, which Go takes.</summary>
    private static string? ValueOf(string? text)
    {
        if (text is null) return null;
        if (Decision.Canonical(text) is { } plain) return plain;
        var cut = text.IndexOf('/', StringComparison.Ordinal);
        if (cut < 0 || !IPAddress.TryParse(text.AsSpan(0, cut), out var address)
            || !int.TryParse(text.AsSpan(cut + 1), out var prefix)) return null;
        var octets = address.GetAddressBytes();
        if (prefix < 0 || prefix > octets.Length * 8) return null;
        for (var bit = prefix; bit < octets.Length * 8; bit++) octets[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return Decision.Canonical($"{new IPAddress(octets)}/{prefix}");
    }

    private static Decision? Ignore(string why)
    {
        GuardMeters.EngineIgnored(why);
        return null;
    }

    /// <summary>Once for each subject: a list of thousands would fill the log.</summary>
    private void Once(string subject, Action<ILogger> say)
    {
        if (_said.Count < 1_000 && _said.Add(subject)) say(log);
    }

    private static Dictionary<long, Decision> Held(DecisionBook book)
    {
        var held = new Dictionary<long, Decision>();
        foreach (var decision in book.List()) if (decision.EngineId > 0) held[decision.EngineId] = decision;
        return held;
    }
}
