using System.Text.Json.Serialization;
using Aviso.Store.Copying;
using Aviso.Store.Restoring;

namespace Aviso.Backup;

/// <summary>What was found on a target.</summary>
/// <param name="Objects">Read and opened.</param>
/// <param name="Damage">Lines for people: each damaged object and what it held.</param>
/// <param name="Messages">Messages that the newest database has and whose octets are damaged.</param>
public sealed record VerifyReport(
    string Target, int Points, int Objects, long Octets, DateTimeOffset? Oldest, DateTimeOffset? Newest, IReadOnlyList<string> Damage,
    IReadOnlyList<string> Messages)
{
    /// <summary>Ids of the pieces that are damaged or gone.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Pieces { get; init; } = [];
}

/// <summary>Reads everything that lies on a target, opens it with the key, and compares it with its name; says which messages are lost
/// where it is not what was written.</summary>
public sealed class Verifier(ITarget target, BackupKey key, TimeProvider clock)
{
    /// <summary>More are counted, not named.</summary>
    private const int MostNamed = 1_000;

    /// <param name="scratch">Where the newest database is put together, to name messages; made and removed.</param>
    /// <param name="rule">By which points were let go; null: it is not known, and between bases a gap says nothing.</param>
    public async Task<VerifyReport> RunAsync(string scratch, KeepRule? rule, CancellationToken cancel)
    {
        var catalogue = await Catalogue.ReadAsync(target, key, cancel);
        var (damage, held) = (new List<Damage>(), await WhatHoldsAsync(catalogue, cancel));
        var breaks = await catalogue.BreaksAsync(rule, clock.GetUtcNow(), cancel);
        foreach (var (name, problem) in catalogue.Damaged) damage.Add(new(name, problem,
            "a point: what came in until then, and since the one before"));
        var (restorer, octets, there) = (new Restorer(target, key), 0L, new HashSet<string>(StringComparer.Ordinal));
        var pieces = new List<string>();
        await foreach (var found in target.ListAsync(ObjectName.Pieces, cancel))
        {
            if (ObjectName.PieceOf(found.Name) is not { } id) continue;
            there.Add(id);
            octets += found.Octets;
            held.TryAdd(id, (new(id, -1), []));
        }
        foreach (var (id, (piece, means)) in held)
        {
            var problem = there.Contains(id) ? await ProblemOfAsync(restorer, piece, cancel) : "it is gone";
            if (problem.Length == 0) continue;
            pieces.Add(id);
            if (means.Count == 0) damage.Add(new(ObjectName.OfPiece(id), problem, "nothing that a point names"));
            foreach (var mean in means) damage.Add(mean with { Problem = problem });
        }
        var messages = await NameAsync(scratch, damage, cancel);
        var dates = catalogue.Names.Select(n => DateTimeOffset.FromUnixTimeMilliseconds(ObjectName.PointOf(n)!.Value.At)).ToList();
        return new(target.Name, catalogue.Names.Count, held.Count + catalogue.Names.Count, octets, dates.Count > 0 ? dates[0] : null,
            dates.Count > 0 ? dates[^1] : null, [.. breaks, .. damage.Select(d => d.ToString()).Distinct()], messages)
        { Pieces = pieces };
    }

    /// <summary>What each piece holds, by the points that name it.</summary>
    private static async Task<Dictionary<string,
        (Piece Piece, List<Damage> Means)>> WhatHoldsAsync(Catalogue catalogue, CancellationToken cancel)
    {
        var held = new Dictionary<string, (Piece, List<Damage>)>(StringComparer.Ordinal);
        foreach (var name in catalogue.Names)
        {
            if (await catalogue.OpenAsync(name, cancel) is not { } point) continue;
            foreach (var piece in point.Point.Pages ?? []) Note(piece,
                $"the database of the base of {point.At:u}: every message, where no earlier base leads on", null);
            foreach (var piece in point.Point.Frames) Note(piece, $"what happened until {point.At:u}, since the point before", null);
            foreach (var file in point.Point.Others) foreach (var piece in file.Pieces) Note(piece, $"the file {file.Name}", null);
            foreach (var file in point.Point.Files)
            {
                var at = file.From;
                foreach (var piece in file.Pieces)
                {
                    Note(piece, $"octets {at} to {at + piece.Octets} of {file.Name}", new(file.Name, at, at + piece.Octets));
                    at += piece.Octets;
                }
            }
        }
        return held;

        void Note(Piece piece, string means, FileStretch? stretch)
        {
            if (!held.TryGetValue(piece.Id, out var known)) held[piece.Id] = known = (piece, []);
            if (!known.Item2.Exists(k => k.Means == means)) known.Item2.Add(new(ObjectName.OfPiece(piece.Id), "", means, stretch));
        }
    }

    private async Task<string> ProblemOfAsync(Restorer restorer, Piece piece, CancellationToken cancel)
    {
        if (piece.Octets >= 0) return (await restorer.ReadAsync(piece, cancel)).Problem;
        // One that no point names: what a round left that was cut off.
        var name = ObjectName.OfPiece(piece.Id);
        try
        {
            return await target.GetAsync(name, cancel) is { } octets && key.IdOf(key.Open(name, octets)) == piece.Id ? ""
                : "it is not what its name says";
        }
        catch (DamagedObjectException damaged)
        {
            return damaged.Message;
        }
    }

    private async Task<IReadOnlyList<string>> NameAsync(string scratch, List<Damage> damage, CancellationToken cancel)
    {
        if (damage.Count == 0) return [];
        try
        {
            await new Restorer(target, key).DatabaseAsync(scratch, CopyMoment.Newest, cancel);
            var named = damage.Where(d => d.Stretch is not null).SelectMany(d => RestoredStore.MessagesIn(scratch, d.Stretch!.Value))
                .Select(m => m.ToString()).Distinct().ToList();
            return named.Count <= MostNamed ? named : [.. named.Take(MostNamed), $"and {named.Count - MostNamed} more"];
        }
        catch (NoRestoreException)
        {
            return ["every message: the newest database cannot be put together"];
        }
        finally
        {
            if (Directory.Exists(scratch)) Directory.Delete(scratch, recursive: true);
        }
    }
}
