namespace Aviso.Settings;

/// <summary>Where something stands in a settings file. Line and Column count from 1; 0 when there is no such line.</summary>
public readonly record struct Place(string File, int Line, int Column)
{
    public override string ToString() => Line > 0 ? $"{File}:{Line}:{Column}" : File;
}

/// <summary>One thing wrong with the settings.</summary>
/// <param name="Path">The key, such as <c>listeners[0].address</c>; empty for the file as a whole.</param>
/// <param name="Text">What is wrong and what was meant, one sentence without a full stop.</param>
public sealed record Problem(Place Place, string Path, string Text)
{
    public override string ToString() => Path.Length > 0 ? $"{Place}: {Path}: {Text}" : $"{Place}: {Text}";
}

/// <summary>All that is wrong, up to <see cref="Limit"/>; what comes after is only counted.</summary>
public sealed class Problems
{
    public const int Limit = 50;

    private readonly List<Problem> _found = [];

    /// <summary>In the order they stand in the file.</summary>
    public IReadOnlyList<Problem> Found => [.. _found.OrderBy(p => p.Place.Line).ThenBy(p => p.Place.Column)];

    public int Count { get; private set; }

    /// <summary>Problems beyond the limit, counted only.</summary>
    public int NotShown => Count - _found.Count;

    public void Add(Place place, string path, string text)
    {
        Count++;
        if (_found.Count < Limit) _found.Add(new(place, path, text));
    }
}
