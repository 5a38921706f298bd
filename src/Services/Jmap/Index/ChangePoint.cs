using System.Globalization;
using Aviso.Base;

namespace Aviso.Jmap;

/// <summary>
/// Up to where a client has heard of changes: a state of the account, or, where one commit changed more than it wanted to hear at once, a
/// place within the state (RFC 8620 §5.2: an intermediate state). Changes are told in the order of modseq, then of id.
/// </summary>
internal readonly record struct ChangePoint(long ModSeq, long Id)
{
    private const char Within = '.';

    public static ChangePoint At(long modSeq) => new(modSeq, long.MaxValue);

    public bool Covers(long modSeq, long id) => modSeq < ModSeq || (modSeq == ModSeq && id <= Id);

    public override string ToString() =>
        Id == long.MaxValue ? JmapState.Of(ModSeq) : string.Create(CultureInfo.InvariantCulture, $"{ModSeq}{Within}{IdText.Format(Id)}");

    /// <exception cref="MethodFailure">cannotCalculateChanges: nobody was given this.</exception>
    public static ChangePoint Read(string state)
    {
        var dot = state.IndexOf(Within, StringComparison.Ordinal);
        if (dot < 0) return At(JmapState.Since(state));
        return IdText.TryParse(state.AsSpan(dot + 1), out var id) ? new(JmapState.Since(state[..dot]), id)
            : throw MethodFailure.CannotCalculateChanges();
    }
}
