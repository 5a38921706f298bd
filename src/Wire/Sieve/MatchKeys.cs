namespace Aviso.Sieve;

/// <summary>
/// The keys of a comparison with what was made of them. Those of a constant list live as long as the script and are used by many runs
/// at once: what two of them make at the same time is the same. Regular expressions are not among it: they grow while they are used.
/// </summary>
internal sealed class MatchKeys(string[] keys, MatchRule rule)
{
    private string?[]? _folded;
    private Glob?[]? _globs;

    public int Count => keys.Length;

    public string this[int i] => keys[i];

    /// <summary>In the form text is compared in.</summary>
    public string Folded(int i)
    {
        var folded = _folded ??= new string?[keys.Length];
        return folded[i] ??= Comparators.Fold(rule.Comparator, Comparators.Prepare(rule, keys[i]));
    }

    public Glob Glob(int i)
    {
        var globs = _globs ??= new Glob?[keys.Length];
        return globs[i] ??= Sieve.Glob.Compile(Folded(i));
    }
}
