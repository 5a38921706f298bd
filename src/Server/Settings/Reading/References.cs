namespace Aviso.Settings;

/// <summary>What a reference stands for, or why it cannot be read.</summary>
/// <param name="File">The file it was read from, to be watched; null when it is none.</param>
public sealed record Reference(string? Text, string? Error, string? File = null)
{
    /// <summary>Of <see cref="File"/> as it was read.</summary>
    internal string Digest { get; init; } = FileSignature.Missing;

    /// <summary>The text is a JSON object: only keys that take a list take it.</summary>
    public bool IsMap { get; init; }
}

/// <summary>Reads references of one scheme, such as <c>env:NAME</c>.</summary>
public interface IReferenceResolver
{
    /// <summary>The word before the colon.</summary>
    string Scheme { get; }

    /// <param name="body">What stands after the colon.</param>
    /// <param name="folder">The folder of the settings file, for relative paths.</param>
    Reference Resolve(string body, string folder);
}

/// <summary>The schemes this process knows. <c>literal:</c> is not one of them: it only cuts itself off.</summary>
public sealed class References(IReadOnlyList<IReferenceResolver> resolvers)
{
    private const string LiteralScheme = "literal:";

    /// <summary>env and file; of vault only how it is written.</summary>
    public static References System { get; } = new(
        [new EnvironmentReferences(Environment.GetEnvironmentVariable), new FileReferences(), new VaultReferences()]);

    /// <summary>These, with <paramref name="resolver"/> for its scheme.</summary>
    public References With(IReferenceResolver resolver) => new([resolver, .. resolvers.Where(r => r.Scheme != resolver.Scheme)]);

    /// <summary>Null when <paramref name="text"/> is no reference.</summary>
    internal Reference? TryResolve(string text, string folder)
    {
        if (text.StartsWith(LiteralScheme, StringComparison.Ordinal)) return new(text[LiteralScheme.Length..], null);
        var colon = text.IndexOf(':');
        if (colon <= 0) return null;
        var resolver = resolvers.FirstOrDefault(r => text.AsSpan(0, colon).SequenceEqual(r.Scheme));
        return resolver?.Resolve(text[(colon + 1)..], folder) switch
        {
            null => null,
            { Text: { } value } found => found with { Text = CutLineEnd(value) },
            var failed => failed,
        };
    }

    /// <summary>One trailing newline is cut: files and tools add it, nobody means it.</summary>
    private static string CutLineEnd(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2]
        : text.EndsWith('\n') ? text[..^1] : text;
}

/// <summary><c>env:NAME</c>: an environment variable.</summary>
public sealed class EnvironmentReferences(Func<string, string?> read) : IReferenceResolver
{
    public string Scheme => "env";

    public Reference Resolve(string body, string folder) =>
        body.Length == 0 ? new(null, "`env:` needs the name of an environment variable")
        : read(body) is { } value ? new(value, null)
        : new(null, $"the environment variable {body} is not set");
}

/// <summary><c>file:PATH</c>: the content of a file; a relative path is taken from the settings file's folder.</summary>
public sealed class FileReferences : IReferenceResolver
{
    private const int MaxOctets = 16 << 20;

    public string Scheme => "file";

    public Reference Resolve(string body, string folder)
    {
        if (body.Length == 0) return new(null, "`file:` needs a path");
        var path = Path.GetFullPath(body.Replace("\0", "", StringComparison.Ordinal), folder);
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxOctets })
                return new(null, $"the file {path} has more than {MaxOctets >> 20} MB", path);
            var octets = File.ReadAllBytes(path);
            using var text = new StreamReader(new MemoryStream(octets));
            return new(text.ReadToEnd(), null, path) { Digest = FileSignature.Digest(octets) };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new(null, $"there is no file {path}", path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return new(null, $"the file {path} cannot be read: {e.Message}", path);
        }
    }
}
