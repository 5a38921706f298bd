using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Aviso.Backup;

/// <summary>Octets that lie on the target as one object, named by <see cref="BackupKey.IdOf"/>.</summary>
public readonly record struct Piece(string Id, int Octets);

/// <summary>Octets of a file of bodies, from a place on.</summary>
/// <param name="Name">Below the data folder, such as segments/00000001.seg.</param>
public sealed record FilePieces(string Name, long From, IReadOnlyList<Piece> Pieces)
{
    public long Until => From + Pieces.Sum(p => (long)p.Octets);
}

/// <summary>A small file that is copied as a whole.</summary>
public sealed record WholeFile(string Name, IReadOnlyList<Piece> Pieces);

/// <summary>
/// What one round brought to a target. A base has all pages of the database and names all bodies; those after it bring what changed. Each
/// names the checksum of the one before, as it lies on the target.
/// </summary>
/// <param name="Server">The host name, for people.</param>
/// <param name="Previous">SHA-256 (hexadecimal) of the sealed point before; empty for the first.</param>
/// <param name="Follows">Frames go on where the point before ends; false after a restart, and then this is a base.</param>
/// <param name="At">Unix milliseconds UTC: every commit until then is in it or before it.</param>
/// <param name="Commit">The number of its last commit; 0: unknown.</param>
/// <param name="Pages">The database's file from its beginning; null: not a base.</param>
/// <param name="Frames">What transactions wrote, in order.</param>
/// <param name="Files">Bodies: of a base all there are, else those that came.</param>
/// <param name="Others">Small files: of a base all there are, else those that changed.</param>
public sealed record Point(
    int Version, string Server, string Previous, bool Follows, long At, long Commit, IReadOnlyList<Piece>? Pages,
        IReadOnlyList<Piece> Frames,
    IReadOnlyList<FilePieces> Files, IReadOnlyList<WholeFile> Others)
{
    public const int Newest = 1;

    [JsonIgnore]
    public bool IsBase => Pages is not null;

    [JsonIgnore]
    public IEnumerable<Piece> Pieces => (Pages ?? []).Concat(Frames).Concat(Files.SelectMany(f => f.Pieces))
        .Concat(Others.SelectMany(f => f.Pieces));

    public byte[] Seal(BackupKey key, string name) => key.Seal(name, JsonSerializer.SerializeToUtf8Bytes(this, PointJson.Default.Point));

    /// <exception cref="DamagedObjectException">It is no point that this version knows.</exception>
    public static Point Open(BackupKey key, string name, ReadOnlySpan<byte> octets)
    {
        try
        {
            var point = JsonSerializer.Deserialize(key.Open(name, octets), PointJson.Default.Point);
            return point is { Version: Newest } ? point : throw new DamagedObjectException(
                $"it was written by another version ({point?.Version}); this one knows {Newest}");
        }
        catch (JsonException)
        {
            throw new DamagedObjectException("it is no list of pieces");
        }
    }

    public static string ChecksumOf(ReadOnlySpan<byte> octets) => Convert.ToHexStringLower(SHA256.HashData(octets));
}

[JsonSerializable(typeof(Point))]
internal sealed partial class PointJson : JsonSerializerContext;

/// <summary>Names of objects: points sort by their time, pieces lie in 256 folders.</summary>
public static class ObjectName
{
    public const string Points = "points/", Pieces = "pieces/";
    private const string Base = "-base", More = "-more";

    public static string OfPiece(string id) => $"{Pieces}{id[..2]}/{id}";

    public static string OfPoint(long at, bool isBase) =>
        string.Create(CultureInfo.InvariantCulture, $"{Points}{at:D14}{(isBase ? Base : More)}");

    /// <summary>The id that a piece's name holds; null for any other name.</summary>
    public static string? PieceOf(string name) =>
        name.StartsWith(Pieces, StringComparison.Ordinal) && name.Split('/') is [_, _, { Length: 64 } id] ? id : null;

    /// <summary>When, in Unix milliseconds UTC, and whether it is a base; null for any other name.</summary>
    public static (long At, bool IsBase)? PointOf(string name)
    {
        if (!name.StartsWith(Points, StringComparison.Ordinal)) return null;
        var isBase = name.EndsWith(Base, StringComparison.Ordinal);
        if (!isBase && !name.EndsWith(More, StringComparison.Ordinal)) return null;
        var text = name.AsSpan(Points.Length);
        return long.TryParse(text[..^Base.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? (at, isBase) : null;
    }
}
