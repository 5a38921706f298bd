using System.Buffers;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.MailAuth;

/// <summary>
/// The header block of one message with an index from field names to fields, so that choosing the fields of a signature costs
/// what the signature and the header cost together, never their product. Holds the body's memory: use it while the body lives.
/// </summary>
internal sealed class CanonicalFields
{
    /// <summary>Octets of a header block that are looked at. A larger one is judged as if it ended here.</summary>
    public const int Limit = 1024 * 1024;

    // A name that is longer stands in no h= of an honest signer; it stays out of the index.
    private const int LongestName = 128;

    private readonly ReadOnlyMemory<byte> _block;
    private readonly List<Place> _places = [];
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly List<int> _last = [];
    private readonly List<int> _previous = [];
    private bool _indexed;

    private CanonicalFields(ReadOnlyMemory<byte> block, bool cut)
    {
        _block = block;
        IsCut = cut;
        var end = 0;
        foreach (var field in new HeaderFields(block.Span))
        {
            _places.Add(new(field.Offset, field.Length, field.Name.Length));
            end = field.Offset + field.Length;
        }
        var rest = block.Span[end..];
        BodyOffset = end + (rest.StartsWith("\r\n"u8) ? 2 : rest.StartsWith("\n"u8) ? 1 : 0);
    }

    /// <summary>Fields in the block, 0 or more; lines that are no fields count.</summary>
    public int Count => _places.Count;

    /// <summary>The block is larger than <see cref="Limit"/>: nothing in it can be verified.</summary>
    public bool IsCut { get; }

    /// <summary>First octet of the body within the message.</summary>
    public long BodyOffset { get; }

    /// <summary>The whole header block.</summary>
    public ReadOnlySpan<byte> Block => _block.Span;

    public static CanonicalFields Read(SpooledBody body)
    {
        if (body.InMemory) return new(body.Memory, cut: false);
        var block = new byte[64 * 1024];
        var length = 0;
        while (true)
        {
            var read = body.Read(length, block.AsSpan(length));
            var from = Math.Max(0, length - 3);
            length += read;
            if (read == 0 || HasEnd(block.AsSpan(from, length - from))) return new(block.AsMemory(0, length), cut: false);
            if (length >= Limit) return new(block.AsMemory(0, length), cut: true);
            if (length == block.Length) Array.Resize(ref block, block.Length * 2);
        }
    }

    public static CanonicalFields Read(ReadOnlyMemory<byte> message) => new(message, cut: false);

    /// <summary>The field as sent, with its line end.</summary>
    public ReadOnlySpan<byte> Raw(int field) => Block.Slice(_places[field].Offset, _places[field].Length);

    /// <summary>As sent; empty for a line that is no field.</summary>
    public ReadOnlySpan<byte> Name(int field) => Block.Slice(_places[field].Offset, _places[field].NameLength);

    public bool Is(int field, ReadOnlySpan<byte> name) =>
        _places[field].NameLength == name.Length && System.Text.Ascii.EqualsIgnoreCase(Name(field), name);

    /// <summary>What stands after the colon, with the line end.</summary>
    public ReadOnlySpan<byte> Value(int field)
    {
        var raw = Raw(field);
        return raw[(raw.IndexOf((byte)':') + 1)..];
    }

    /// <summary>How many fields have this name (ASCII, any case).</summary>
    public int CountOf(ReadOnlySpan<byte> name)
    {
        var count = 0;
        var selection = Select();
        while (selection.Next(name) >= 0) count++;
        return count;
    }

    /// <summary>RFC 6376 §5.4.2: fields of one name are taken from the bottom up, each once.</summary>
    public Selection Select()
    {
        Index();
        return new(this, [.. _last]);
    }

    private void Index()
    {
        if (_indexed) return;
        _indexed = true;
        for (var i = 0; i < _places.Count; i++)
        {
            var id = _places[i].NameLength == 0 ? -1 : IdOf(Name(i), add: true);
            _previous.Add(id < 0 ? -1 : _last[id]);
            if (id >= 0) _last[id] = i;
        }
    }

    private int IdOf(ReadOnlySpan<byte> name, bool add)
    {
        if (name.Length is 0 or > LongestName) return -1;
        Span<char> lower = stackalloc char[name.Length];
        if (System.Text.Ascii.ToLower(name, lower, out _) != OperationStatus.Done) return -1;
        var names = _names.GetAlternateLookup<ReadOnlySpan<char>>();
        if (names.TryGetValue(lower, out var id)) return id;
        if (!add) return -1;
        names[lower] = _last.Count;
        _last.Add(-1);
        return _last.Count - 1;
    }

    private static bool HasEnd(ReadOnlySpan<byte> octets) => octets.IndexOf("\n\r\n"u8) >= 0 || octets.IndexOf("\n\n"u8) >= 0;

    private readonly record struct Place(int Offset, int Length, int NameLength);

    /// <summary>One signature's walk over the fields it names.</summary>
    internal readonly struct Selection(CanonicalFields fields, int[] next)
    {
        /// <summary>The next field of this name from below; -1 when none is left.</summary>
        public int Next(ReadOnlySpan<byte> name)
        {
            var id = fields.IdOf(name, add: false);
            if (id < 0 || next[id] < 0) return -1;
            var field = next[id];
            next[id] = fields._previous[field];
            return field;
        }
    }
}
