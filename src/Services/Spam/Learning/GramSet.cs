using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text;

namespace Aviso.Spam;

/// <summary>
/// The groups of four octets that a message's header and its body begin with, as they were sent, undecoded. They see what words cannot: how
/// a program writes, codes and misspells. Fields that receiving servers and lists write are left out, and whom it is to: they tell where
/// mail was kept. Each distinct group is a place among 2^<see cref="Bits"/>, those of the body in the upper half. Dispose to give the
/// memory back.
/// </summary>
internal sealed class GramSet : IDisposable
{
    public const int Bits = 19;

    /// <summary>The first place of the body.</summary>
    public const uint Body = 1 << (Bits - 1);

    /// <summary>Octets looked at.</summary>
    public const int MostOctets = MostHeader + MostBody;

    private const int MostHeader = 1500;
    private const int MostBody = 2000;
    private const int Length = 4;

    private static readonly FrozenSet<string> LeftOut = FrozenSet.Create(StringComparer.Ordinal,
        "received", "return-path", "authentication-results", "delivered-to", "to", "cc", "bcc", "in-reply-to", "references", "errors-to",
        "precedence", "mailing-list", "old-return-path", "status", "lines", "xref", "content-length");

    private static readonly string[] LeftOutBeginnings =
    [
        "list-", "arc-", "resent-", "delivered-", "received-", "x-spam", "x-microsoft-", "x-ms-", "x-received", "x-google-", "x-original",
        "x-forwarded", "x-mailman", "x-beenthere", "x-list", "x-egroups", "x-loop", "x-status", "x-keywords", "x-uid",
    ];

    private byte[] _octets = ArrayPool<byte>.Shared.Rent(MostOctets);
    private uint[] _places = ArrayPool<uint>.Shared.Rent(MostOctets);
    private short[] _from = ArrayPool<short>.Shared.Rent(MostOctets);
    private int _length;

    /// <summary>Distinct, in the order they come.</summary>
    public ReadOnlySpan<uint> Places => _places.AsSpan(0, Count);

    public int Count { get; private set; }

    /// <summary>Reads a message; once.</summary>
    public void Read(MessageContent content)
    {
        Fields(content.Header);
        var body = _length;
        Put(content.Beginning(MostBody), body + MostBody);
        // One bit a place: 64 KiB that are clean again below.
        var seen = Seen.Rent();
        for (var at = 0; at + Length <= _length; at++)
        {
            var place = (BinaryPrimitives.ReadUInt32LittleEndian(_octets.AsSpan(at)) * 0x9E3779B1u) >> (33 - Bits);
            if (at >= body) place |= Body;
            ref var bits = ref seen[place >> 6];
            if ((bits & (1UL << (int)(place & 63))) != 0) continue;
            bits |= 1UL << (int)(place & 63);
            (_from[Count], _places[Count]) = ((short)at, place);
            Count++;
        }
        foreach (var place in Places) seen[place >> 6] = 0;
        Seen.Return(seen);
    }

    /// <summary>How many of the places are the header's; they come first, also when sorted.</summary>
    public static int InHeader(ReadOnlySpan<uint> places)
    {
        var count = 0;
        while (count < places.Length && places[count] < Body) count++;
        return count;
    }

    /// <summary>Sorted, for storing.</summary>
    public uint[] ToArray()
    {
        var sorted = Places.ToArray();
        Array.Sort(sorted);
        return sorted;
    }

    /// <summary>The words, in the widest sense, that groups begin in, each with what its groups add by <paramref name="model"/>.</summary>
    public void Explain(GramModel model, List<(Range Word, float Sum)> into)
    {
        var (start, end, sum) = (0, 0, 0f);
        var shares = new GramShares(Places);
        for (var i = 0; i < Count; i++)
        {
            if (_from[i] >= end)
            {
                if (sum != 0) into.Add((start..end, sum));
                (start, end, sum) = (_from[i], _from[i] + 1, 0);
                while (start > 0 && IsInside(_octets[start]) && IsInside(_octets[start - 1])) start--;
                while (end < _length && IsInside(_octets[end])) end++;
            }
            sum += model.Adds(_places[i], shares);
        }
        if (sum != 0) into.Add((start..end, sum));
    }

    /// <summary>What stands there, for people; of something long the beginning.</summary>
    public string Show(Range word)
    {
        var (at, length) = word.GetOffsetAndLength(_length);
        return Encoding.Latin1.GetString(_octets, at, Math.Min(length, 24));
    }

    public void Dispose()
    {
        if (_octets.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_octets);
        ArrayPool<uint>.Shared.Return(_places);
        ArrayPool<short>.Shared.Return(_from);
        (_octets, _places, _from, _length, Count) = ([], [], [], 0, 0);
    }

    private static bool IsInside(byte octet) =>
        octet is > (byte)' ' and not ((byte)'<' or (byte)'>' or (byte)'"' or (byte)';' or (byte)',');

    private void Fields(MessageHeader header)
    {
        foreach (var line in header.Lines)
        {
            if (!IsLeftOut(line.Name)) Put(line.Octets.Span, MostHeader);
        }
    }

    private static bool IsLeftOut(string name)
    {
        if (LeftOut.Contains(name)) return true;
        foreach (var beginning in LeftOutBeginnings)
        {
            if (name.StartsWith(beginning, StringComparison.Ordinal)) return true;
        }
        return false;
    }

    // Line ends are written in one way, however the message is kept.
    private void Put(ReadOnlySpan<byte> octets, int most)
    {
        while (_length < most && !octets.IsEmpty)
        {
            var run = octets.IndexOf((byte)'\r');
            if (run < 0) run = octets.Length;
            var kept = Math.Min(run, most - _length);
            octets[..kept].CopyTo(_octets.AsSpan(_length));
            _length += kept;
            octets = octets[Math.Min(run + 1, octets.Length)..];
        }
    }

    private static class Seen
    {
        private static readonly ArrayPool<ulong> Pool = ArrayPool<ulong>.Create(1 << (Bits - 6), 16);

        public static ulong[] Rent() => Pool.Rent(1 << (Bits - 6));

        public static void Return(ulong[] seen) => Pool.Return(seen);
    }
}
