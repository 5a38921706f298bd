using System.Collections.Immutable;

namespace Aviso.Jmap;

/// <summary>Rows by slot, in pieces that versions of the table share until one of their rows changes.</summary>
internal sealed class RowTable
{
    private const int PieceRows = 256;

    private readonly EmailRow[][] _pieces;

    // The highest modseq there ever was in each piece: pieces without a change are not looked into.
    private readonly long[] _changed;

    private RowTable(EmailRow[][] pieces, long[] changed, int used, ImmutableStack<int> free, int freeCount) =>
        (_pieces, _changed, Used, Free, FreeCount) = (pieces, changed, used, free, freeCount);

    public static RowTable Empty { get; } = new([], [], 0, [], 0);

    /// <summary>Slots given out so far, free ones too.</summary>
    public int Used { get; }

    public int FreeCount { get; }

    private ImmutableStack<int> Free { get; }

    public ref readonly EmailRow this[int slot] => ref _pieces[slot / PieceRows][slot % PieceRows];

    public long Octets => _pieces.Length * (long)((PieceRows * 52) + 40);

    /// <summary>Slots of emails that changed after this.</summary>
    public IEnumerable<int> ChangedSince(long modSeq)
    {
        for (var piece = 0; piece < _pieces.Length; piece++)
        {
            if (_changed[piece] <= modSeq) continue;
            for (var i = 0; i < PieceRows; i++)
                if (_pieces[piece][i] is { Id.Value: not 0 } row && row.ModSeq > modSeq) yield return (piece * PieceRows) + i;
        }
    }

    /// <summary>The next version, while it is made. Slots that become free are given out by the version after it, so that orders can look
    /// old and new rows up side by side.</summary>
    public sealed class Draft(RowTable before)
    {
        private readonly HashSet<int> _own = [];
        private readonly List<int> _freed = [];
        private EmailRow[][] _pieces = [.. before._pieces];
        private long[] _changed = [.. before._changed];
        private ImmutableStack<int> _free = before.Free;
        private int _freeCount = before.FreeCount;
        private int _used = before.Used;

        public ref readonly EmailRow this[int slot] => ref _pieces[slot / PieceRows][slot % PieceRows];

        public int Add(in EmailRow row)
        {
            int slot;
            if (_freeCount > 0)
            {
                _free = _free.Pop(out slot);
                _freeCount--;
            }
            else slot = _used++;
            Set(slot, row);
            return slot;
        }

        public void Set(int slot, in EmailRow row)
        {
            var piece = slot / PieceRows;
            if (piece >= _pieces.Length) Resize(Math.Max(piece + 1, _pieces.Length + (_pieces.Length / 8)));
            if (_own.Add(piece)) _pieces[piece] = _pieces[piece] is { } shared ? [.. shared] : new EmailRow[PieceRows];
            _pieces[piece][slot % PieceRows] = row;
            _changed[piece] = Math.Max(_changed[piece], row.ModSeq);
        }

        public void Remove(int slot)
        {
            Set(slot, default);
            _freed.Add(slot);
        }

        public RowTable Finish()
        {
            foreach (var slot in _freed) _free = _free.Push(slot);
            var pieces = (_used + PieceRows - 1) / PieceRows;
            if (pieces != _pieces.Length) Resize(pieces);
            return new(_pieces, _changed, _used, _free, _freeCount + _freed.Count);
        }

        private void Resize(int pieces)
        {
            Array.Resize(ref _pieces, pieces);
            Array.Resize(ref _changed, pieces);
        }
    }
}
