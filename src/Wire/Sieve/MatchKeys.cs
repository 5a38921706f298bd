using System.Text.RegularExpressions;

namespace Aviso.Sieve;

/// <summary>
/// The keys of a comparison with what was made of them. Those of a constant list live as long as the script and are used by many runs
/// at once: what two of them make at the same time is the same.
/// </summary>
internal sealed class MatchKeys(string[] keys, Comparator comparator)
{
    private string?[]? _folded;
    private Glob?[]? _globs;
    private Regex?[]? _regexes;

    public int Count => keys.Length;

    public string this[int i] => keys[i];

    /// <summary>In the form text is compared in.</summary>
    public string Folded(int i)
    {
        var folded = _folded ??= new string?[keys.Length];
        return folded[i] ??= Comparators.Fold(comparator, Comparators.Prepare(comparator, keys[i]));
    }

    public Glob Glob(int i)
    {
        var globs = _globs ??= new Glob?[keys.Length];
        return globs[i] ??= Sieve.Glob.Compile(Folded(i));
    }

    public bool IsRegexMade(int i) => _regexes?[i] is not null;

    /// <summary>Null, and why, when the key is no expression.</summary>
    public Regex? Regex(int i, TimeSpan time, out string wrong)
    {
        wrong = "";
        var regexes = _regexes ??= new Regex?[keys.Length];
        return regexes[i] ??= RegexSyntax.Compile(keys[i], comparator != Comparator.Octet, time, out wrong);
    }
}
