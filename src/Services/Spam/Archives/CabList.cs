using System.Buffers.Binary;
using System.Text;
using Aviso.Base;

namespace Aviso.Spam;

/// <summary>The names in a cabinet (MS-CAB §2.3): the header says where the list of files begins and how long it is; unpacks
/// nothing.</summary>
internal static class CabList
{
    private const int EntryLength = 16;

    public static ArchiveList Read(ReadOnlySpan<byte> cab, WorkBudget work)
    {
        var list = new ArchiveList { IsBroken = cab.Length < 36 };
        if (list.IsBroken) return list;
        var at = (long)BinaryPrimitives.ReadUInt32LittleEndian(cab[16..]);
        for (var left = BinaryPrimitives.ReadUInt16LittleEndian(cab[28..]); left > 0; left--)
        {
            work.Step();
            var end = at + EntryLength >= cab.Length ? -1 : cab[(int)(at + EntryLength)..].IndexOf((byte)0);
            if (end is < 0 or > 256)
            {
                list.IsBroken = true;
                return list;
            }
            if (!list.Add(new(Encoding.UTF8.GetString(cab.Slice((int)at + EntryLength, end)), IsEncrypted: false))) return list;
            at += EntryLength + end + 1;
        }
        return list;
    }
}
