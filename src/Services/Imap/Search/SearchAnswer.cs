namespace Aviso.Imap;

/// <summary>SEARCH, SORT and ESEARCH responses (RFC 9051 §7.3.4, RFC 5267 §3.4 ESORT), and the saved result.</summary>
internal static class SearchAnswer
{
    public static Completion BadCharset => Completion.No("BADCHARSET (US-ASCII UTF-8)", "That charset is not known");

    /// <param name="indexes">In the order of the answer: growing for SEARCH, sorted for SORT.</param>
    /// <param name="modSeq">Highest of the results when MODSEQ was a key, else 0.</param>
    public static void Write(
        ImapSession session, Command command, SearchReturn? wanted, IReadOnlyList<int> indexes, long modSeq, bool sort)
    {
        var view = session.Box!.View;
        uint Number(int index) => command.Uid ? view[index].Uid : (uint)index + 1;
        if (wanted is null && (sort || !session.Modes.Rev2))
        {
            WriteOld(session.Writer, sort ? "SORT"u8 : "SEARCH"u8, indexes.Select(Number), modSeq);
            return;
        }
        // RFC 9051 §6.4.4: rev2 answers every SEARCH with ESEARCH.
        wanted ??= SearchReturn.Nothing with { All = true };
        if (wanted.Save) Save(session, wanted, indexes);
        if (wanted.OnlySave) return;
        var writer = session.Writer.Bytes("* ESEARCH (TAG "u8).String(command.Tag).Byte(')');
        if (command.Uid) writer.Bytes(" UID"u8);
        if (indexes.Count > 0)
        {
            if (wanted.Min) writer.Bytes(" MIN "u8).Number(Number(indexes[0]));
            if (wanted.Max) writer.Bytes(" MAX "u8).Number(Number(indexes[^1]));
            if (wanted.All) writer.Bytes(" ALL "u8).Set(indexes.Select(Number));
        }
        if (wanted.Count) writer.Bytes(" COUNT "u8).Number(indexes.Count);
        if (wanted.Partial is { } partial) WritePartial(writer, partial, indexes, Number);
        if (modSeq > 0) writer.Bytes(" MODSEQ "u8).Number(modSeq);
        writer.Line();
    }

    private static void WriteOld(ResponseWriter writer, ReadOnlySpan<byte> name, IEnumerable<uint> numbers, long modSeq)
    {
        writer.Bytes("* "u8).Bytes(name);
        foreach (var n in numbers) writer.Byte(' ').Number(n);
        if (modSeq > 0) writer.Bytes(" (MODSEQ "u8).Number(modSeq).Byte(')');
        writer.Line();
    }

    // RFC 9394 §3.1: PARTIAL (range set), NIL for none.
    private static void WritePartial(ResponseWriter writer, PartialRange partial, IReadOnlyList<int> indexes, Func<int, uint> number)
    {
        var (start, count) = partial.Within(indexes.Count);
        writer.Bytes(" PARTIAL ("u8).Text(partial.ToString()).Byte(' ');
        if (count == 0) writer.Bytes("NIL"u8);
        else writer.Set(indexes.Skip(start).Take(count).Select(number));
        writer.Byte(')');
    }

    // RFC 5182 §2.1: with MIN or MAX alone only those are saved.
    private static void Save(ImapSession session, SearchReturn wanted, IReadOnlyList<int> indexes)
    {
        var box = session.Box!;
        IEnumerable<int> kept = indexes;
        if (wanted.OnlyEnds && indexes.Count > 0)
        {
            kept = [];
            if (wanted.Min) kept = kept.Append(indexes[0]);
            if (wanted.Max) kept = kept.Append(indexes[^1]);
        }
        box.Saved = kept.Select(i => box.View[i].Uid).Distinct().Order().ToList();
    }

    /// <summary>RFC 7162 §3.1.5: the highest modseq among the results; RFC 4731 §3.2: with MIN and MAX alone, of those they name. 0 without
    /// MODSEQ as a key.</summary>
    public static long HighestModSeq(SelectedMailbox box, SearchRequest request, IReadOnlyList<int> indexes)
    {
        if (indexes.Count == 0 || request.Key.All().TrueForAll(k => k.Kind != SearchKind.ModSeq)) return 0;
        long Of(int index) => box.View[index].ModSeq;
        return request.Return switch
        {
            { OnlyEnds: true, Max: false } => Of(indexes[0]),
            { OnlyEnds: true, Min: false } => Of(indexes[^1]),
            { OnlyEnds: true } => Math.Max(Of(indexes[0]), Of(indexes[^1])),
            _ => indexes.Max(Of),
        };
    }
}
