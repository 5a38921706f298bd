namespace Aviso.Accounts;

/// <summary>A local part with '*' in it, cut there: each stands for any run of characters.</summary>
public static class LocalPattern
{
    /// <summary>Pieces in order; the first and the last are anchored. Each character is looked at once for each piece.</summary>
    /// <param name="pieces">Lower case; one piece alone is the whole.</param>
    public static bool Matches(string[] pieces, ReadOnlySpan<char> text)
    {
        if (pieces.Length == 1) return text.SequenceEqual(pieces[0]);
        if (text.Length < pieces[0].Length + pieces[^1].Length || !text.StartsWith(pieces[0]) || !text.EndsWith(pieces[^1])) return false;
        text = text[pieces[0].Length..^pieces[^1].Length];
        foreach (var piece in pieces.AsSpan(1, pieces.Length - 2))
        {
            var at = text.IndexOf(piece);
            if (at < 0) return false;
            text = text[(at + piece.Length)..];
        }
        return true;
    }
}
