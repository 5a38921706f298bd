namespace Aviso.Tests.Unit.House;

/// <summary>
/// What there is still too much of. A ceiling only falls: who brings a count down lowers it here, so that it never climbs back; nobody
/// raises one.
/// </summary>
internal static class Ceilings
{
    /// <summary>Columns a line may have.</summary>
    public const int Width = 140;

    /// <summary>Lines wider than <see cref="Width"/> in src and in tests.</summary>
    public const int WideLinesInSrc = 913;
    public const int WideLinesInTests = 701;

    /// <summary>Log calls with their text on the spot instead of a declared message (`LoggerMessage` in the room's *Log.cs).</summary>
    public const int PlainLogCalls = 0;

    /// <summary>`null!` and `default!`: a field that is null until somebody sets it.</summary>
    public const int NullBangs = 5;

    /// <summary>Longest file and longest function of src, in lines.</summary>
    public const int FileLines = 500;
    public const int FunctionLines = 60;

    /// <summary>Files a room may hold.</summary>
    public const int RoomFiles = 25;

    /// <summary>Functions that are longer still, each with its length.</summary>
    public static readonly Dictionary<string, int> LongFunctions = new(StringComparer.Ordinal)
    {
    };

    /// <summary>Rooms that hold more, each with how many: one file a command, one a key of the settings.</summary>
    public static readonly Dictionary<string, int> LargeRooms = new(StringComparer.Ordinal)
    {
        ["src/Services/Imap/Commands"] = 40,
    };
}
