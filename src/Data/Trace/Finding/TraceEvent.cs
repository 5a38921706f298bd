using System.Text;

namespace Aviso.Trace;

/// <summary>One thing that happened to a message, with its evidence in the order in which it was told.</summary>
public sealed record TraceEvent(DateTimeOffset At, TraceKind Kind, IReadOnlyList<TraceEvidence> Evidence)
{
    /// <summary>The first of these; empty without one.</summary>
    public string Get(TraceField field)
    {
        foreach (var one in Evidence)
            if (one.Field == field) return one.Text;
        return "";
    }

    public IEnumerable<string> All(TraceField field) => Evidence.Where(one => one.Field == field).Select(one => one.Text);

    public bool Has(TraceField field, string text) =>
        Evidence.Any(one => one.Field == field && one.Text.Equals(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>With only the evidence that <paramref name="keeps"/> says.</summary>
    public TraceEvent Only(Func<TraceEvidence, bool> keeps) => this with { Evidence = [.. Evidence.Where(keeps)] };

    /// <summary>Reads events as <see cref="TraceEntry"/> wrote them; what is damaged ends them.</summary>
    internal static List<TraceEvent> Read(in EntryHead entry)
    {
        var events = new List<TraceEvent>();
        var octets = entry.Events;
        while (!octets.IsEmpty)
        {
            var kind = (TraceKind)octets[0];
            octets = octets[1..];
            if (!TryNumber(ref octets, out var after) || octets.IsEmpty) break;
            var fields = new TraceEvidence[octets[0]];
            octets = octets[1..];
            for (var i = 0; i < fields.Length; i++)
            {
                if (octets.IsEmpty) return events;
                var field = (TraceField)octets[0];
                octets = octets[1..];
                if (!TryNumber(ref octets, out var length) || length > (ulong)octets.Length) return events;
                fields[i] = new(field, Encoding.UTF8.GetString(octets[..(int)length]));
                octets = octets[(int)length..];
            }
            events.Add(new(DateTimeOffset.FromUnixTimeMilliseconds(entry.At + (long)Math.Min(after, 1UL << 40)), kind, fields));
        }
        return events;
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> octets, out ulong number)
    {
        number = 0;
        for (var shift = 0; shift < 63 && !octets.IsEmpty; shift += 7)
        {
            var octet = octets[0];
            octets = octets[1..];
            number |= (ulong)(octet & 0x7f) << shift;
            if (octet < 0x80) return true;
        }
        return false;
    }
}

/// <summary>One piece of evidence.</summary>
public readonly record struct TraceEvidence(TraceField Field, string Text);
