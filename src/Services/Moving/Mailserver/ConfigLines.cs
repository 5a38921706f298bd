namespace Aviso.Moving;

/// <summary>A line of a settings file that says something.</summary>
/// <param name="Number">1 or more.</param>
internal readonly record struct ConfigLine(string File, int Number, string Text)
{
    public string Place => $"{File}:{Number}";
}

/// <summary>Files of one thing a line, with `#` comments; what begins with white space goes on with the line before where Postfix reads it
/// so.</summary>
internal static class ConfigLines
{
    public const int MostOctets = 16 << 20;
    private const int MostLines = 200_000;

    /// <summary>None when the file is not there.</summary>
    /// <exception cref="SourceException">It is too large or may not be read.</exception>
    public static IReadOnlyList<ConfigLine> Read(string folder, string file, bool continues = false)
    {
        var path = Path.Combine(folder, file);
        return MaildirLayout.SmallText(path, MostOctets) is { } text ? Parse(path, text, continues) : [];
    }

    public static IReadOnlyList<ConfigLine> Parse(string file, string text, bool continues)
    {
        var lines = new List<ConfigLine>();
        var number = 0;
        foreach (var raw in text.Split('\n').Take(MostLines))
        {
            number++;
            var line = raw.TrimEnd();
            if (line.Length == 0 || line.AsSpan().TrimStart().StartsWith("#")) continue;
            if (continues && lines.Count > 0 && char.IsWhiteSpace(line[0]))
                lines[^1] = lines[^1] with { Text = lines[^1].Text + " " + line.Trim() };
            else lines.Add(new(file, number, line.Trim()));
        }
        return lines;
    }
}
