namespace Aviso.Doctor;

/// <summary>What one run of a check saw.</summary>
public sealed class Sightings
{
    private readonly List<Finding> _found = [];
    private readonly HashSet<string> _unsure = new(StringComparer.Ordinal);

    public IReadOnlyList<Finding> Found => _found;

    /// <summary>Nothing more can be said of any subject.</summary>
    public bool IsUnsureOfAll { get; private set; }

    public void Add(FindingCode code, string subject, string says, string evidence, string? fix = null, string act = "") =>
        _found.Add(new(code, subject, says, evidence, fix ?? code.ToDo, act));

    /// <summary>It could not be looked at: what stands about this subject stays.</summary>
    public void Unsure(string subject) => _unsure.Add(subject);

    /// <summary>Nothing could be looked at: whatever stands stays.</summary>
    public void Unsure() => IsUnsureOfAll = true;

    /// <summary>The first of them, and how many more there are.</summary>
    public static string First(int most, string between, IReadOnlyList<string> all) => string.Join(between, all.Take(most))
        + (all.Count > most ? $"{between}and {all.Count - most} more" : "");

    public bool IsUnsureOf(string subject) => IsUnsureOfAll || _unsure.Contains(subject);
}
