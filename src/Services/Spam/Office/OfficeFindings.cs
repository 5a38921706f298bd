namespace Aviso.Spam;

/// <summary>What a document does that letters and tables do not.</summary>
public enum OfficeFinding
{
    /// <summary>It has macros.</summary>
    Macro,

    /// <summary>A macro runs without being asked.</summary>
    MacroAuto,

    /// <summary>A macro starts programs or fetches files.</summary>
    MacroCalls,

    /// <summary>It has a sheet of Excel 4 macros.</summary>
    Xlm,

    /// <summary>A field or cell asks another program by DDE.</summary>
    Dde,

    /// <summary>Its template lies on another host.</summary>
    RemoteTemplate,

    /// <summary>An object of it lies on another host.</summary>
    External,

    /// <summary>It cannot be read without a password.</summary>
    Encrypted,

    /// <summary>It carries another file.</summary>
    Package,

    /// <summary>It carries a program.</summary>
    Program,

    /// <summary>Not all of it was looked at: it is broken, or packed in a way nobody here reads.</summary>
    Unread,

    /// <summary>Not all of it was looked at: it would cost more than a message may.</summary>
    Limit,
}

/// <summary>Findings of one file, each kind once with the first reason.</summary>
public sealed class OfficeFindings
{
    private readonly Dictionary<OfficeFinding, string> _found = [];

    public IReadOnlyDictionary<OfficeFinding, string> Found => _found;

    public bool Has(OfficeFinding finding) => _found.ContainsKey(finding);

    internal void Add(OfficeFinding finding, string reason) => _found.TryAdd(finding, reason);
}
