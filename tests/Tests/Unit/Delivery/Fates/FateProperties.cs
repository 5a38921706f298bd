using System.Text;
using Aviso.Accounts;
using Aviso.Tests.Unit.Accounts;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Fates;

/// <summary>
/// Over random scripts, aliases, lists, catch-alls, forwards, loops, refusals and quotas: after 250 every recipient's message is found in
/// a mailbox, in the queue or in a bounce, unless the recipient's own script discards; after a refusal it is nowhere.
/// </summary>
public sealed class FateProperties
{
    private const int Cases = 2000;

    [Fact]
    public async Task Whatever_is_acknowledged_is_found()
    {
        await using var scene = await FateScene.OpenAsync(FateCase.Accounts);
        // A choice is an octet; no more of them means the plainest case, so that a failure shrinks to its heart.
        Gen<byte[]> octets = Gen.ArrayOf(Gen.Select(Gen.Choose(0, 255), i => (byte)i), 120);
        var property = Prop.ForAll(Arb.From(octets, Smaller), (byte[] choices) => Task.Run(() => HoldsAsync(scene, new(choices))).GetAwaiter().GetResult());
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Cases), property);
    }

    private static IEnumerable<byte[]> Smaller(byte[] choices)
    {
        for (var keep = choices.Length / 2; keep < choices.Length; keep += Math.Max(1, (choices.Length - keep) / 2)) yield return choices[..keep];
        for (var i = 0; i < choices.Length; i++)
        {
            if (choices[i] != 0) yield return [.. choices[..i], 0, .. choices[(i + 1)..]];
        }
    }

    private static async Task<bool> HoldsAsync(FateScene scene, FateCase given)
    {
        await given.SetUpAsync(scene);
        var sent = await scene.SendAsync(given.From, given.To, given.IsLmtp, given.Before, given.Notify, given.Octets);
        var found = await scene.FindAsync(sent);
        var wrong = Wrong(given, sent, found);
        await scene.EmptyAsync();
        return wrong is null ? true : throw new Xunit.Sdk.XunitException($"{wrong}\n{given}\ntaken {string.Join(' ', sent.Taken)}\n"
            + $"replies {string.Join(" | ", sent.Replies.Select(r => r ?? "250"))}\nfound {string.Join(" | ", found)}");
    }

    private static string? Wrong(FateCase given, FateScene.Sent sent, List<string> found)
    {
        if (!given.IsLmtp && sent.Replies.Count > 0 && !sent.Replies.Contains(null) && found.Count > 0) return "refused, but somebody has it";
        for (var i = 0; i < sent.Taken.Count; i++)
        {
            if (sent.Replies[i] is not null) continue;
            foreach (var end in given.EndsOf(sent.Taken[i]))
            {
                if (given.Discards(end) || given.ReachableFrom(sent.Taken[i], end).Any(found.Contains)) continue;
                return $"{sent.Taken[i]} was accepted, but what it leads to, {end}, has nothing";
            }
        }
        return null;
    }
}

/// <summary>One random server and message, made of octets.</summary>
internal sealed class FateCase
{
    private static readonly string[] People = ["alice", "bob", "carol", "dave", "tight"];
    private static readonly string[] Mailboxes = ["INBOX", "Junk", "Archive", "Made"];
    private static readonly string[] Lists = ["list1", "list2", "list3"];

    public static readonly object[] Accounts = [Declare.Account("carol@example.org"), Declare.Account("dave@example.org"), Declare.Account("tight@example.org", quota: 2000)];

    private readonly Queue<byte> _choices;
    private readonly Dictionary<string, List<string>> _aliases = [];
    private readonly Dictionary<string, List<string>> _forwards = [];
    private readonly Dictionary<string, string> _scripts = [];
    private readonly Dictionary<string, HashSet<string>> _redirects = [];
    private readonly HashSet<string> _discards = [];
    private readonly string? _catchAll;

    public FateCase(byte[] choices)
    {
        _choices = new(choices);
        To = [.. Enumerable.Range(0, 1 + Next(3)).Select(_ => Address(0))];
        foreach (var person in People) Script(person);
        foreach (var list in Lists) _aliases[list] = [.. Enumerable.Range(0, 1 + Next(3)).Select(_ => Address(Array.IndexOf(Lists, list) + 1)).Distinct()];
        if (Next(4) == 1) _forwards[One(People[2..])] = [Next(2) == 0 ? "far@elsewhere.example" : "other@elsewhere.example"];
        _catchAll = Next(2) == 0 ? null : One(People);
        From = (From)Next(4);
        IsLmtp = Next(4) == 1;
        Notify = Next(6) switch { 1 => "NEVER", 2 => "SUCCESS", 3 => "FAILURE", _ => null };
        Octets = Next(3) == 1 ? 3000 : 0;
        Before = Next(4) == 1 ? $"Delivered-To: {One(Lists)}@example.org\r\nDelivered-To: {One(People)}@example.org\r\n" : "";
    }

    public string[] To { get; }

    public From From { get; }

    public bool IsLmtp { get; }

    public string? Notify { get; }

    public int Octets { get; }

    public string Before { get; }

    public async Task SetUpAsync(FateScene scene)
    {
        var accounts = People.Except(["alice", "bob"]).Select(p => Declare.Account($"{p}@example.org", quota: p == "tight" ? 2000 : 0,
            forwardTo: [.. _forwards.GetValueOrDefault(p) ?? []]));
        var aliases = _aliases.Select(a => Declare.Alias($"{a.Key}@example.org", [.. a.Value.Select(Whole)]));
        await scene.DeclareAsync([.. accounts, .. aliases, .. _catchAll is null ? [] : (object[])[Declare.Domain("caught.example", $"{_catchAll}@example.org")]]);
        foreach (var person in People) await scene.ScriptAsync(person, _scripts.GetValueOrDefault(person));
    }

    /// <summary>What an address leads to by itself: people, and addresses elsewhere.</summary>
    public IEnumerable<string> EndsOf(string address) => Ends(address, []);

    /// <summary>Its own script may throw it away.</summary>
    public bool Discards(string end) => _discards.Contains(end);

    /// <summary>Places where a message for <paramref name="end"/> may be, as <see cref="FateScene.FindAsync"/> names them.</summary>
    public IEnumerable<string> ReachableFrom(string recipient, string end)
    {
        yield return $"bounce of {recipient}";
        foreach (var to in recipient == end ? [] : To.Select(Whole)) yield return $"bounce of {to}";
        if (end.Contains('@', StringComparison.Ordinal))
        {
            yield return $"to {end}";
            // Whoever keeps what may not be sent on.
            foreach (var person in People) foreach (var mailbox in Mailboxes) yield return $"{person}/{mailbox}";
            yield break;
        }
        var open = new Queue<string>([end]);
        var seen = new HashSet<string>();
        while (open.TryDequeue(out var at))
        {
            if (!seen.Add(at)) continue;
            if (at.Contains('@', StringComparison.Ordinal)) yield return $"to {at}";
            else
            {
                foreach (var mailbox in Mailboxes) yield return $"{at}/{mailbox}";
                foreach (var next in _redirects.GetValueOrDefault(at) ?? []) foreach (var e in EndsOf(next)) open.Enqueue(e);
            }
        }
    }

    public override string ToString() => string.Join('\n', [
        $"to {string.Join(' ', To)} from {From}{(IsLmtp ? " lmtp" : "")} notify {Notify} octets {Octets} before {Before.Replace("\r\n", " ", StringComparison.Ordinal)}",
        .. _aliases.Select(a => $"{a.Key} = {string.Join(' ', a.Value)}"), .. _forwards.Select(f => $"{f.Key} forwards to {f.Value[0]}"),
        $"catch-all {_catchAll}", .. _scripts.Select(s => $"{s.Key}: {s.Value}")]);

    private IEnumerable<string> Ends(string address, HashSet<string> seen)
    {
        var whole = Whole(address).ToLowerInvariant();
        var (local, domain) = (whole[..whole.IndexOf('@', StringComparison.Ordinal)].Split('+')[0], whole[(whole.IndexOf('@', StringComparison.Ordinal) + 1)..]);
        if (!seen.Add(whole)) return [];
        if (domain == "caught.example" && _catchAll is not null) return Ends(_catchAll, seen);
        if (domain != "example.org") return [whole];
        if (People.Contains(local)) return [local, .. _forwards.GetValueOrDefault(local) ?? []];
        return _aliases.TryGetValue(local, out var to) ? to.SelectMany(t => Ends(t, seen)) : [];
    }

    private void Script(string person)
    {
        if (Next(3) == 0) return;
        var text = new StringBuilder("require [\"copy\", \"fileinto\", \"mailbox\", \"reject\", \"ereject\", \"editheader\", \"vacation\"];\r\n");
        _redirects[person] = [];
        for (var i = 1 + Next(3); i > 0; i--)
        {
            var action = Action(person);
            text.Append(Next(5) switch { 1 => $"if false {{ keep; }} else {{ {action} }}", 2 => $"if header :contains \"Subject\" \"token\" {{ {action} }}", _ => action }).Append("\r\n");
        }
        _scripts[person] = text.ToString();
    }

    private string Action(string person)
    {
        switch (Next(12))
        {
            case 1 or 2 or 3:
                return Redirect(person, "");
            case 4:
                return Redirect(person, ":copy ");
            case 5:
                return "fileinto \"Archive\";";
            case 6:
                return "fileinto :create \"Made\";";
            case 7:
                return "fileinto \"Nowhere\";";
            case 8:
                _discards.Add(person);
                return "discard;";
            case 9:
                return "reject \"no thanks\";";
            case 10:
                return "ereject \"not h\u00e9re\";";
            case 11:
                return "deleteheader \"Subject\"; addheader \"X-Edited\" \"yes\";" + Redirect(person, "");
            default:
                return "keep;";
        }
    }

    private string Redirect(string person, string tags)
    {
        var to = Whole(Address(0));
        _redirects[person].Add(to);
        return $"redirect {tags}\"{to}\";";
    }

    // Lists hold lists further on only, for circles among aliases are refused in the settings.
    private string Address(int from) => Next(10) switch
    {
        1 when from < Lists.Length => Lists[from + Next(Lists.Length - from)],
        2 when from < Lists.Length => Lists[from],
        3 => from == 0 && Next(2) == 0 ? $"{One(People)}+detail" : One(People),
        4 => "far@elsewhere.example",
        5 when from == 0 => "any@caught.example",
        6 when from == 0 => "nobody",
        7 => One(People).ToUpperInvariant(),
        _ => One(People),
    };

    private string One(string[] of) => of[Next(of.Length)];

    private int Next(int choices) => _choices.TryDequeue(out var octet) ? octet % choices : 0;

    private static string Whole(string address) => address.Contains('@', StringComparison.Ordinal) ? address : $"{address}@example.org";
}
