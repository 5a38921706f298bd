namespace Aviso.Spam;

/// <summary>Unpacks what strangers packed, up to a bound.</summary>
internal static class Bounded
{
    /// <summary>Octets unpacked of one thing, 4 MiB.</summary>
    public const int Most = 4 * 1024 * 1024;

    /// <summary>What can be unpacked of <paramref name="packed"/>, which is closed; at most <paramref name="most"/> octets, never throws for broken data.</summary>
    public static byte[] Inflate(Stream packed, int most = Most)
    {
        using (packed)
        {
            using var into = new MemoryStream();
            var room = new byte[16 * 1024];
            try
            {
                while (into.Length < most && packed.Read(room, 0, (int)Math.Min(room.Length, most - into.Length)) is var count and > 0) into.Write(room, 0, count);
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                return into.ToArray();
            }
            return into.ToArray();
        }
    }
}
