namespace Aviso.Doctor;

/// <summary>A record of tags, "v=DMARC1; p=none; rua=...": names in lower case with their values, in the order they stand.</summary>
internal sealed class TagText
{
    private readonly List<(string Name, string Value)> _tags = [];

    /// <summary>Reads anything: what is no tag is kept by its text, so that it never compares equal to nothing.</summary>
    public static TagText Parse(string text)
    {
        var tags = new TagText();
        foreach (var part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) tags._tags.Add((part.ToLowerInvariant(), ""));
            else tags._tags.Add((part[..equals].Trim().ToLowerInvariant(), part[(equals + 1)..].Trim()));
        }
        return tags;
    }

    /// <summary>The first value of a tag; null when it is not there.</summary>
    public string? this[string name] => _tags.Find(t => t.Name == name) is { Name: { } } found ? found.Value : null;

    /// <param name="at">Where a tag that is not there yet goes; at the end without it.</param>
    public void Set(string name, string value, int at = int.MaxValue)
    {
        var there = _tags.FindIndex(t => t.Name == name);
        if (there >= 0) _tags[there] = (name, value);
        else _tags.Insert(Math.Min(at, _tags.Count), (name, value));
    }

    public void Remove(params string[] names) => _tags.RemoveAll(t => names.Contains(t.Name, StringComparer.Ordinal));

    /// <param name="one">What a value means; null: the tag says what holds without it.</param>
    public string Meaning(Func<string, string, string?> one) => string.Join(';',
        _tags.Select(t => (t.Name, Value: one(t.Name, t.Value))).Where(t => t.Value is not null).Select(t => $"{t.Name}={t.Value}")
            .Distinct()
            .Order(StringComparer.Ordinal));

    public override string ToString() => string.Join("; ", _tags.Select(t => $"{t.Name}={t.Value}"));
}
