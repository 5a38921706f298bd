using System.Globalization;

namespace Aviso.Jmap;

/// <summary>State strings: the account's one counter of changes as text (design.md section 4).</summary>
internal static class JmapState
{
    public static string Of(long modSeq) => modSeq.ToString(CultureInfo.InvariantCulture);

    /// <summary>A state that nobody was given is one that changes cannot be calculated from (RFC 8620 §5.2).</summary>
    public static long Since(string state) =>
        long.TryParse(state, NumberStyles.None, CultureInfo.InvariantCulture, out var modSeq) && Of(modSeq) == state
            ? modSeq : throw MethodFailure.CannotCalculateChanges();
}
