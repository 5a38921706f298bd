using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Aviso.Tests.Unit.House;

/// <summary>Where code stands: the subject is the folder below the ring (Delivery), the room the folder below it (Queue), empty in the
/// subject's root.</summary>
internal readonly record struct Place(string Subject, string Room)
{
    /// <summary>Places in the order of their names.</summary>
    public static readonly IComparer<Place> ByName = Comparer<Place>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    public static Place Of(string path)
    {
        // src/Services/Delivery/Queue/QueueRunner.cs; src/Server is a ring with one subject.
        var parts = path.Split('/');
        return parts[1] == "Server" ? new("Server", parts.Length > 3 ? parts[2] : "") : new(parts[2], parts.Length > 4 ? parts[3] : "");
    }

    public override string ToString() => Room.Length == 0 ? Subject : $"{Subject}/{Room}";
}

/// <summary>One use of another place, with an example of where it happens.</summary>
internal readonly record struct Arrow(Place From, Place To);

/// <summary>Who uses whom, by the compiler's symbols: a name counts wherever it is declared, with or without a `using`.</summary>
internal static class Arrows
{
    private static readonly Lazy<SortedDictionary<Place, SortedSet<Place>>> Uses = new(Gather);
    private static readonly ConcurrentDictionary<Arrow, string> Seen = new();

    /// <summary>For each place the places that it uses, itself left out.</summary>
    public static SortedDictionary<Place, SortedSet<Place>> All => Uses.Value;

    /// <summary>One file, line and name behind the arrow.</summary>
    public static string Example(Arrow arrow) => Seen.TryGetValue(arrow, out var example) ? example : "";

    public static IEnumerable<Arrow> OfSubjects =>
        All.SelectMany(from => from.Value.Select(to => new Arrow(new(from.Key.Subject, ""), new(to.Subject, ""))))
        .Where(arrow => arrow.From != arrow.To).Distinct();

    /// <summary>Arrows between rooms of one subject. The subject's root is its face and its rules: known to all its rooms and knowing them
    /// all.</summary>
    public static IEnumerable<Arrow> OfRooms => All.SelectMany(from => from.Value.Select(to => new Arrow(from.Key, to)))
        .Where(arrow => arrow.From.Subject == arrow.To.Subject && arrow.From.Room.Length > 0 && arrow.To.Room.Length > 0);

    private static SortedDictionary<Place, SortedSet<Place>> Gather()
    {
        var compilation = SourceTree.Compilation;
        Parallel.ForEach(SourceTree.Src, new() { MaxDegreeOfParallelism = 2 }, file => Read(file, compilation));
        var all = new SortedDictionary<Place, SortedSet<Place>>(Place.ByName);
        foreach (var file in SourceTree.Src) all.TryAdd(Place.Of(file.Path), new(Place.ByName));
        foreach (var arrow in Seen.Keys) all[arrow.From].Add(arrow.To);
        return all;
    }

    private static void Read(SourceFile file, Compilation compilation)
    {
        var (here, model) = (Place.Of(file.Path), compilation.GetSemanticModel(file.Tree));
        foreach (var name in file.Root.DescendantNodes().OfType<SimpleNameSyntax>())
        {
            if (name.IsVar) continue;
            var info = model.GetSymbolInfo(name);
            if ((info.Symbol ?? (info.CandidateSymbols.IsEmpty ? null : info.CandidateSymbols[0])) is not { } symbol
                || Home(symbol, here) is not { } there || there == here) continue;
            var example = $"{file.Path}({name.GetLocation().GetLineSpan().StartLinePosition.Line + 1}): {name.Identifier.ValueText}";
            Seen.AddOrUpdate(new(here, there), example, (_, old) => string.CompareOrdinal(example, old) < 0 ? example : old);
        }
    }

    // A type in several files is at home where one of them stands beside the user, else where its first stands.
    private static Place? Home(ISymbol symbol, Place here)
    {
        if (symbol is not (INamedTypeSymbol or IMethodSymbol or IPropertySymbol or IFieldSymbol or IEventSymbol)) return null;
        if (symbol is IMethodSymbol { ReducedFrom: { } extension }) symbol = extension;
        Place? home = null;
        foreach (var declared in symbol.OriginalDefinition.DeclaringSyntaxReferences)
        {
            if (!declared.SyntaxTree.FilePath.StartsWith("src/", StringComparison.Ordinal)) continue;
            var place = Place.Of(declared.SyntaxTree.FilePath);
            if (place == here) return here;
            if (home is null || Place.ByName.Compare(place, home.Value) < 0) home = place;
        }
        return home;
    }
}
