using Aviso.Base;

namespace Aviso.Mime;

/// <summary>Unpacks what strangers packed, at the cost of the message's budget.</summary>
public static class Unpacker
{
    /// <summary>Octets unpacked of one thing, 4 MiB.</summary>
    public const int Most = 4 * 1024 * 1024;

    private const int Piece = 16 * 1024;

    /// <summary>
    /// What can be unpacked of <paramref name="packed"/>, which is closed; at most <paramref name="most"/> octets. Broken data ends it.
    /// </summary>
    /// <exception cref="WorkSpentException">The message's octets are spent.</exception>
    public static Unpacked Inflate(Stream packed, WorkBudget work, int most = Most)
    {
        using (packed)
        {
            var into = new MemoryStream();
            var room = new byte[Piece];
            try
            {
                while (into.Length < most && packed.Read(room, 0, (int)Math.Min(room.Length, most - into.Length)) is var count and > 0)
                {
                    work.Take(count);
                    into.Write(room, 0, count);
                }
                var isCut = into.Length == most && packed.Read(room, 0, 1) > 0;
                return new(into.GetBuffer().AsMemory(0, (int)into.Length), isCut, IsBroken: false);
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                return new(into.GetBuffer().AsMemory(0, (int)into.Length), IsCut: false, IsBroken: true);
            }
        }
    }
}

/// <param name="IsCut">There is more than was unpacked.</param>
/// <param name="IsBroken">Behind these octets it is no packed data.</param>
public readonly record struct Unpacked(ReadOnlyMemory<byte> Octets, bool IsCut, bool IsBroken);
