using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Aviso.Settings;

/// <summary>A value as it stands in the file, before it has a type.</summary>
internal abstract class Node(Place place)
{
    public Place Place { get; } = place;
}

/// <param name="plain">Written without quotes.</param>
/// <param name="from">Where its first sign, such as a quote, stands in the text; counted in characters, without a byte order mark.</param>
/// <param name="until">Behind its last; behind the lines of a block.</param>
internal sealed class ScalarNode(Place place, string text, bool plain, int from, int until) : Node(place)
{
    public int From { get; } = from;

    public int Until { get; } = until;

    public string Text { get; } = text;

    /// <summary>Nothing after the colon, or one of YAML's words for nothing.</summary>
    public bool IsNothing { get; } = plain && text is "" or "~" or "null" or "Null" or "NULL";
}

internal sealed class MapNode(Place place) : Node(place)
{
    public List<(string Key, Place Place, Node Value)> Entries { get; } = [];
}

internal sealed class ListNode(Place place) : Node(place)
{
    public List<Node> Items { get; } = [];
}

/// <summary>Something already reported; typing passes over it.</summary>
internal sealed class BrokenNode(Place place) : Node(place);

/// <summary>
/// Reads the part of YAML that settings are written in: maps, lists and scalars, each with its place. Anchors, aliases,
/// merge keys, tags, several documents and keys that are not words are refused: what is in the file is what is meant.
/// </summary>
internal sealed class YamlTree
{
    public const int MaxOctets = 1 << 20;
    public const int MaxDepth = 16;
    public const int MaxNodes = 100_000;

    private readonly string _file;
    private readonly Problems _problems;
    private readonly Parser _parser;
    private int _nodes;
    private bool _stopped;

    private YamlTree(string text, string file, Problems problems)
    {
        _file = file;
        _problems = problems;
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
    }

    /// <summary>The root, or null when nothing usable is there (then a problem says why).</summary>
    public static Node? Read(ReadOnlySpan<byte> octets, string file, Problems problems)
    {
        if (octets.Length > MaxOctets)
        {
            problems.Add(new(file, 0, 0), "", $"the file has {octets.Length} octets; at most {MaxOctets} are read");
            return null;
        }
        if (Decode(octets, file, problems) is not { } text) return null;
        var tree = new YamlTree(text, file, problems);
        try
        {
            return tree.Document();
        }
        catch (YamlException e)
        {
            problems.Add(tree.At(e.Start), "", "this is not YAML: " + FirstSentence(e.Message));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The YAML package answers some broken input with exceptions of its own workings.
            problems.Add(tree.Here, "", "this is not YAML");
        }
        return null;
    }

    private static string? Decode(ReadOnlySpan<byte> octets, string file, Problems problems)
    {
        if (octets.StartsWith("\uFEFF"u8)) octets = octets[3..];
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        try
        {
            return strict.GetString(octets);
        }
        catch (DecoderFallbackException e)
        {
            var before = octets[..Math.Clamp(e.Index, 0, octets.Length)];
            var line = before.Count((byte)'\n') + 1;
            var column = before.Length - before.LastIndexOf((byte)'\n');
            problems.Add(new(file, line, column), "", "this is not UTF-8");
            return null;
        }
    }

    private Place Here => _parser.Current is { } current ? At(current.Start) : new(_file, 1, 1);

    private Place At(Mark mark) => new(_file, Math.Max(1, (int)mark.Line), Math.Max(1, (int)mark.Column));

    private Node? Document()
    {
        Next();
        Next();
        if (_parser.Current is not DocumentStart)
        {
            _problems.Add(new(_file, 1, 1), "", "the file says nothing; `aviso init ADDRESS` writes one to start from");
            return null;
        }
        Next();
        var root = Value(0);
        if (_stopped) return root;
        Next();
        Next();
        if (_parser.Current is DocumentStart)
            _problems.Add(Here, "", "a second document begins here; settings are one document");
        return root;
    }

    private void Next() => _parser.MoveNext();

    /// <summary>Reads the value that begins at the current event and leaves its last event current.</summary>
    private Node Value(int depth)
    {
        var place = Here;
        if (++_nodes > MaxNodes) return Stop(place, $"more than {MaxNodes} values");
        if (depth > MaxDepth) return Stop(place, $"more than {MaxDepth} levels deep");
        if (_parser.Current is NodeEvent node) RefuseProperties(node, place);
        return _parser.Current switch
        {
            Scalar scalar => new ScalarNode(
                place, scalar.Value, scalar.Style == ScalarStyle.Plain, (int)scalar.Start.Index, (int)scalar.End.Index),
            MappingStart => Map(place, depth),
            SequenceStart => List(place, depth),
            AnchorAlias alias => Refuse(place, $"`*{alias.Value}` is an alias; write the value out"),
            _ => Refuse(place, "a value is missing"),
        };
    }

    private void RefuseProperties(NodeEvent node, Place place)
    {
        if (!node.Anchor.IsEmpty)
            _problems.Add(place, "", $"`&{node.Anchor.Value}` is an anchor; anchors and aliases are not read");
        if (!node.Tag.IsEmpty) _problems.Add(place, "", $"`{node.Tag}` is a tag; tags are not read");
    }

    private BrokenNode Refuse(Place place, string text)
    {
        _problems.Add(place, "", text);
        return new(place);
    }

    private BrokenNode Stop(Place place, string text)
    {
        _stopped = true;
        return Refuse(place, text + "; the rest of the file was not read");
    }

    private ListNode List(Place place, int depth)
    {
        var list = new ListNode(place);
        for (Next(); !_stopped && _parser.Current is not SequenceEnd; Next()) list.Items.Add(Value(depth + 1));
        return list;
    }

    private MapNode Map(Place place, int depth)
    {
        var map = new MapNode(place);
        var seen = new Dictionary<string, Place>(StringComparer.Ordinal);
        for (Next(); !_stopped && _parser.Current is not MappingEnd; Next())
        {
            var key = Value(depth + 1);
            if (_stopped) break;
            Next();
            var value = Value(depth + 1);
            if (KeyName(key) is not { } name) continue;
            if (seen.TryAdd(name, key.Place)) map.Entries.Add((name, key.Place, value));
            else _problems.Add(key.Place, name, $"is given twice; the first is on line {seen[name].Line}");
        }
        return map;
    }

    private string? KeyName(Node key)
    {
        if (key is ScalarNode { Text: "<<" }) _problems.Add(key.Place, "", "merge keys are not read; write the values out");
        else if (key is ScalarNode scalar) return scalar.Text;
        else if (key is not BrokenNode) _problems.Add(key.Place, "", "a key must be a word");
        return null;
    }

    private static string FirstSentence(string text)
    {
        var line = text.AsSpan().TrimStart();
        if (line.StartsWith("(Line") && line.IndexOf("): ") is >= 0 and var end) line = line[(end + 3)..];
        var stop = line.IndexOfAny('\r', '\n');
        if (stop >= 0) line = line[..stop];
        return line.Trim().TrimEnd('.').ToString();
    }
}
