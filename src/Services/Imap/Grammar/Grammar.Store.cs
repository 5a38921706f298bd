using System.Text;
using Aviso.Store;

namespace Aviso.Imap;

internal sealed record StoreRequest(FlagOperation Operation, bool Silent, FlagList Flags, long? UnchangedSince);

internal ref partial struct Grammar
{
    // store = ... [SP "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")"] SP (["+"/"-"] "FLAGS" [".SILENT"]) SP flags
    public bool StoreRequest(out StoreRequest request)
    {
        request = new(FlagOperation.Replace, false, new(), null);
        long? since = null;
        if (Char((byte)'('))
        {
            if (!Word("UNCHANGEDSINCE"u8) || !Sp() || !Number64(out var modSeq) || !Char((byte)')') || !Sp()) return false;
            since = modSeq;
        }
        var operation = Char((byte)'+') ? FlagOperation.Add : Char((byte)'-') ? FlagOperation.Remove : FlagOperation.Replace;
        if (!Text("FLAGS"u8)) return false;
        var silent = Text(".SILENT"u8);
        if (!Sp() || !Flags(out var flags)) return false;
        request = new(operation, silent, flags, since);
        return true;
    }
}

/// <summary>A uid-set as text for response codes.</summary>
internal static class SetText
{
    public static string Of(IEnumerable<uint> numbers)
    {
        var text = new StringBuilder();
        uint first = 0, last = 0;
        foreach (var n in numbers)
        {
            if (first != 0 && n == last + 1)
            {
                last = n;
                continue;
            }
            Add();
            first = last = n;
        }
        Add();
        return text.ToString();

        void Add()
        {
            if (first == 0) return;
            if (text.Length > 0) text.Append(',');
            text.Append(first);
            if (last != first) text.Append(':').Append(last);
        }
    }
}
