using System.Text;
using Aviso.Imap;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>
/// THREAD=REFERENCES beside a second implementation, written from RFC 5256 §3 step by step over plain maps, on random mailboxes: short
/// pools of ids so that loops, duplicates, dummies, truncated references and subjects in common are frequent.
/// </summary>
public sealed class ThreadOracleTests
{
    private static readonly string[] Subjects = ["", "ALPHA", "BETA"];

    [Fact]
    public void Random_mailboxes_are_threaded_as_the_rfc_says()
    {
        for (var seed = 0; seed < 5000; seed++)
        {
            var rows = Mailbox(new Random(seed));
            var ours = string.Concat(ThreadTree.ByReferences(rows.ConvertAll(r => r.Compared)).Select(Text));
            Assert.True(Oracle.Thread(rows) == ours, $"seed {seed}\n{Describe(rows)}\noracle {Oracle.Thread(rows)}\nours   {ours}");
        }
    }

    private sealed record Letter(int Index)
    {
        public long Date { get; init; }

        public string Subject { get; init; } = "";

        public bool IsReply { get; init; }

        public string MessageId { get; init; } = "";

        public List<string> References { get; init; } = [];

        public ThreadRow Compared => new(
            Index, Date, TextKey.Of(Subject), IsReply, TextKey.Of(MessageId), [.. References.Select(TextKey.Of)]);
    }

    private static List<Letter> Mailbox(Random random)
    {
        var ids = Enumerable.Range(0, random.Next(2, 9)).Select(i => $"{(char)('a' + i)}@x").ToArray();
        string Id() => ids[random.Next(ids.Length)];
        return [.. Enumerable.Range(0, random.Next(1, 12)).Select(index => new Letter(index)
        {
            Date = random.Next(6),
            Subject = Subjects[random.Next(Subjects.Length)],
            IsReply = random.Next(3) == 0,
            MessageId = random.Next(6) == 0 ? "" : Id(),
            References = [.. Enumerable.Range(0, random.Next(5)).Select(_ => Id())],
        })];
    }

    private static string Text(ThreadNode node)
    {
        var children = string.Concat(node.Children.Select(Text));
        return $"({(node.Row is { } row ? row.Index.ToString(System.Globalization.CultureInfo.InvariantCulture) : "-")}{children})";
    }

    private static string Describe(List<Letter> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows)
            text.Append($"{row.Index}: id {row.MessageId} refs {string.Join(' ', row.References)} date {row.Date} subject {row.Subject} reply {row.IsReply}\n");
        return text.ToString();
    }

    private sealed class Oracle(List<Letter> rows)
    {
        private readonly Dictionary<string, string> _parent = [];
        private readonly Dictionary<string, Letter> _message = [];
        private Dictionary<string, List<string>> _children = [];
        private const string Root = "";

        public static string Thread(List<Letter> rows) => new Oracle(rows).Run();

        private string Run()
        {
            Link();
            var nodes = _message.Keys.Union(_parent.Keys).Union(_parent.Values).Union(rows.SelectMany(r => r.References)).Distinct()
                .ToList();
            _children = nodes.Append(Root).ToDictionary(n => n, _ => new List<string>());
            // (2)
            foreach (var node in nodes) _children[_parent.GetValueOrDefault(node, Root)].Add(node);
            foreach (var node in _children[Root].ToList()) Prune(node, Root);
            // (4), (5), (6)
            Sort(Root, deep: false);
            Gather();
            Sort(Root, deep: true);
            return string.Concat(_children[Root].Select(Write));
        }

        private void Link()
        {
            var used = new HashSet<string>();
            foreach (var row in rows)
            {
                // (1)(A): no id, or one that an earlier message has: a unique one.
                var own = row.MessageId.Length == 0 || !used.Add(row.MessageId) ? $"unique {row.Index}" : row.MessageId;
                _message[own] = row;
                for (var i = 1; i < row.References.Count; i++)
                {
                    if (!_parent.ContainsKey(row.References[i])) Under(row.References[i], row.References[i - 1]);
                }
                // (1)(B)
                _parent.Remove(own);
                if (row.References.Count > 0) Under(own, row.References[^1]);
            }
        }

        private void Under(string child, string parent)
        {
            for (var at = parent; ; at = _parent[at])
            {
                if (at == child) return;
                if (!_parent.ContainsKey(at)) break;
            }
            _parent[child] = parent;
        }

        // (3), from below: what is promoted has been pruned already.
        private void Prune(string node, string parent)
        {
            foreach (var child in _children[node].ToList()) Prune(child, node);
            if (_message.ContainsKey(node)) return;
            if (parent == Root && _children[node].Count > 1) return;
            var at = _children[parent].IndexOf(node);
            _children[parent].RemoveAt(at);
            _children[parent].InsertRange(at, _children[node]);
        }

        private (long, int) Order(string node) =>
            _message.TryGetValue(node, out var row) ? (row.Date, row.Index) : Order(_children[node].MinBy(Order)!);

        private void Sort(string node, bool deep)
        {
            if (deep || node == Root) foreach (var child in _children[node]) if (deep || !_message.ContainsKey(child)) Sort(child, deep);
            _children[node] = [.. _children[node].OrderBy(Order)];
        }

        private Letter Shown(string node) => _message.TryGetValue(node, out var row) ? row : _message[_children[node][0]];

        private void Gather()
        {
            var table = new Dictionary<string, string>();
            foreach (var node in _children[Root])
            {
                var subject = Shown(node).Subject;
                if (subject.Length == 0) continue;
                if (!table.TryGetValue(subject, out var there)) table[subject] = node;
                else if (_message.TryGetValue(there, out var known) &&
                    (!_message.TryGetValue(node, out var row) || (known.IsReply && !row.IsReply))) table[subject] = node;
            }
            var dummies = 0;
            foreach (var node in _children[Root].ToList())
            {
                var subject = Shown(node).Subject;
                if (subject.Length == 0 || table[subject] == node) continue;
                var there = table[subject];
                _children[Root].Remove(node);
                var (isDummy, thereIsDummy) = (!_message.ContainsKey(node), !_message.ContainsKey(there));
                if (isDummy && thereIsDummy) _children[there].AddRange(_children[node]);
                else if (thereIsDummy) _children[there].Add(node);
                else if (!isDummy && _message[node].IsReply && !_message[there].IsReply) _children[there].Add(node);
                else
                {
                    var dummy = $"dummy {++dummies}";
                    _children[Root].Remove(there);
                    _children[Root].Add(dummy);
                    _children[dummy] = [there, node];
                    table[subject] = dummy;
                }
            }
        }

        private string Write(string node) =>
            $"({(_message.TryGetValue(node, out var row) ? row.Index.ToString(System.Globalization.CultureInfo.InvariantCulture) : "-")}{string.Concat(_children[node].Select(Write))})";
    }
}
