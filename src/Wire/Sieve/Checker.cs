using Aviso.Base;

namespace Aviso.Sieve;

/// <summary>
/// Makes calls of phrases: looks names up, fits arguments to what the command takes, wants the `require` of each extension, lets the
/// command look at its constant arguments. One error per command, so that one slip does not make three.
/// </summary>
internal sealed class Checker(Problems problems, SieveOptions options, SpecTable table)
{
    /// <summary>Expressions of one script that are tried when it is checked; more are tried when they are met.</summary>
    private const int MostRegexes = 100;

    private readonly HashSet<string> _granted = new(StringComparer.Ordinal);
    private readonly HashSet<string> _set = new(StringComparer.Ordinal);
    private readonly List<string?> _loops = [];
    private int _regexes;
    private bool _requireIsOver;
    private bool _requireIsBroken;

    public IEnumerable<string> Granted => _granted;

    public bool Has(string extension) => _requireIsBroken || _granted.Contains(extension);

    /// <summary>Inside a foreverypart.</summary>
    public bool IsInLoop => _loops.Count > 0;

    /// <summary>Names of the loops around, null for those without.</summary>
    public IReadOnlyList<string?> Loops => _loops;

    /// <summary>`set` named this local variable before.</summary>
    public bool WasSet(string name) => _set.Contains(name);

    /// <summary>A local variable, lower case, that `set` names.</summary>
    public void Set(int at, string name)
    {
        if (_set.Add(name) && _set.Count == options.Variables + 1) Error(at, $"a script has at most {options.Variables} variables");
    }

    public Call[] Script(List<Phrase> phrases) => Block(phrases, outermost: true);

    public void Error(int at, string text) => problems.Error(at, text);

    public void Warn(int at, string text) => problems.Warn(at, text);

    /// <summary>Grants an extension; false when there is none by that name.</summary>
    public bool TryGrant(string name)
    {
        var known = (options.Extensions ?? SieveCompiler.Extensions).Contains(name) || SieveCompiler.Unlisted.Contains(name)
            || table.Extensions.Contains(name);
        if (!known) return false;
        _granted.Add(name);
        // RFC 6131 §2, RFC 5235 §2.2.1: these bring the plainer one with them.
        if (name == "vacation-seconds") _granted.Add("vacation");
        if (name == "spamtestplus") _granted.Add("spamtest");
        if (name == "vnd.dovecot.environment") _granted.Add("environment");
        return true;
    }

    private Call[] Block(List<Phrase> phrases, bool outermost = false)
    {
        var calls = new List<Call>(phrases.Count);
        Call? chain = null;
        foreach (var phrase in phrases)
        {
            if (phrase.Name is "elsif" or "else")
            {
                if (phrase.IsBroken)
                {
                    chain = Broken(phrase);
                    continue;
                }
                if (chain is null) Error(phrase.At, $"`{phrase.Name}` follows the block of an `if`");
                else if (chain.Branches is [.., (null, _)]) Error(phrase.At, $"`{phrase.Name}` cannot follow `else`");
                else Branch(chain, phrase);
                if (phrase.Name == "else") chain = null;
                continue;
            }
            chain = null;
            if (phrase.IsBroken)
            {
                chain = Broken(phrase);
                continue;
            }
            if (phrase.Name == "require")
            {
                if (!outermost || _requireIsOver) Error(
                    phrase.At, "`require` stands at the beginning of a script, before every other command");
                else Require(phrase);
                continue;
            }
            _requireIsOver = true;
            if (phrase.Name == "if")
            {
                calls.Add(chain = At(table.If, phrase));
                Branch(chain, phrase);
                // RFC 5463 §3: what cannot be reached need not be known.
                if (chain.Branches is [({ Constant: true, IsIhave: true }, var block)] && block.Length > 0 && EndsHere(block[^1])) return calls.ToArray();
                continue;
            }
            if (Command(phrase) is not { } call) continue;
            calls.Add(call);
        }
        return calls.ToArray();
    }

    // What a broken command would have meant nobody knows; what is in its block can be looked at. Answers what `else` may follow.
    private Call? Broken(Phrase phrase)
    {
        if (phrase.Name == "require") _requireIsBroken = true;
        else _requireIsOver = true;
        if (phrase.Name == "foreverypart") _loops.Add(null);
        if (phrase.Block is not null) Block(phrase.Block);
        if (phrase.Name == "foreverypart") _loops.RemoveAt(_loops.Count - 1);
        return phrase.Name is "if" or "elsif" ? At(table.If, phrase) : null;
    }

    private static bool EndsHere(Call call) => call.Spec.Name is "stop" or "error" or "return" or "break";

    private Call At(Spec spec, Phrase phrase)
    {
        var (line, column) = problems.Of(phrase.At);
        return new(spec, phrase.At, line, column);
    }

    // RFC 5228 §3.1
    private void Branch(Call chain, Phrase phrase)
    {
        Call? test = null;
        if (phrase.Arguments.Count > 0) Error(phrase.Arguments[0].At, $"`{phrase.Name}` takes a test and a block, no arguments");
        else if (phrase.Block is null) Error(phrase.At, $"`{phrase.Name}` has a block: {{ ... }}");
        else if (phrase.Name == "else" ? phrase.Tests.Count > 0 : phrase.Tests.Count != 1 || phrase.IsTestList)
            Error(phrase.At, phrase.Name == "else"
                ? "`else` takes no test" : $"`{phrase.Name}` takes one test; join several with allof or anyof");
        else if (phrase.Name != "else")
        {
            test = Test(phrase.Tests[0]);
            if (test is null) test = new Call(table.Unknown, phrase.At, 0, 0) { Constant = null };
        }
        // RFC 5463 §4: a block that can never run, for what is there or not, is not checked.
        var dead = test is { Constant: false, IsIhave: true } || chain.IsDecided;
        var before = dead ? null : phrase.Block;
        chain.Branches.Add((test, before is null ? [] : Block(before)));
        chain.IsDecided |= test is { Constant: true, IsIhave: true };
    }

    // RFC 5228 §3.2
    private void Require(Phrase phrase)
    {
        if (phrase.Arguments is not [{ Strings: { } names }] || phrase.Tests.Count > 0 || phrase.Block is not null)
        {
            Error(phrase.At, "`require` takes one list of names of extensions");
            return;
        }
        foreach (var name in names)
        {
            if (!TryGrant(name.Text))
                Error(name.At, $"the extension `{name.Text}` is not known here{Nearest.Hint(name.Text, SieveCompiler.Extensions)}");
        }
    }

    private Call? Command(Phrase phrase)
    {
        if (!table.TryFind(phrase.Name, out var spec))
        {
            Error(phrase.At, $"there is no command `{phrase.Name}`{Nearest.Hint(phrase.Name, table.Names(tests: false))}");
            return null;
        }
        // Tests of the test driver do something whether or not their answer is asked for.
        if (spec.IsTest && spec.Requires != TestCommands.Extension)
        {
            Error(phrase.At, $"`{phrase.Name}` is a test, not a command: it stands behind `if`");
            return null;
        }
        if (phrase.Block is not null && !spec.HasBlock) Error(phrase.At, $"`{phrase.Name}` takes no block");
        else if (phrase.Block is null && spec.HasBlock) Error(phrase.At, $"`{phrase.Name}` has a block: {{ ... }}");
        var call = Fit(spec, phrase);
        if (phrase.Block is null || call is null) return call;
        if (spec.Name == "foreverypart") _loops.Add(call.Tag("name")?.Texts[0].Constant);
        call.Block = Block(phrase.Block);
        if (spec.Name == "foreverypart") _loops.RemoveAt(_loops.Count - 1);
        return call;
    }

    private Call? Test(Phrase phrase)
    {
        if (!table.TryFind(phrase.Name, out var spec))
        {
            Error(phrase.At, $"there is no test `{phrase.Name}`{Nearest.Hint(phrase.Name, table.Names(tests: true))}");
            return null;
        }
        if (spec.IsTest) return Fit(spec, phrase);
        Error(phrase.At, $"`{phrase.Name}` is a command, not a test");
        return null;
    }

    private Call? Fit(Spec spec, Phrase phrase)
    {
        if (spec.Requires is { } extension && !Has(extension) && !(spec.OrRequires is { } other && Has(other)))
        {
            Error(phrase.At, $"`{spec.Name}` needs require \"{extension}\"");
            return null;
        }
        var call = At(spec, phrase);
        if (!TryTests(call, phrase) || !TryArguments(call, phrase)) return null;
        var before = problems.Errors.Count;
        spec.Check?.Invoke(this, call);
        return problems.Errors.Count == before ? call : null;
    }

    private bool TryTests(Call call, Phrase phrase)
    {
        var fits = call.Spec.Inner switch
        {
            Inner.None => phrase.Tests.Count == 0,
            Inner.One => phrase.Tests.Count == 1 && !phrase.IsTestList,
            _ => phrase.Tests.Count > 0 && phrase.IsTestList,
        };
        if (!fits)
        {
            Error(phrase.At, call.Spec.Inner switch
            {
                Inner.None => $"`{phrase.Name}` takes no tests",
                Inner.One => $"`{phrase.Name}` takes one test",
                _ => $"`{phrase.Name}` takes a list of tests in parentheses",
            });
            return false;
        }
        var tests = new List<Call>();
        foreach (var inner in phrase.Tests)
        {
            if (Test(inner) is not { } test)
            {
                fits = false;
                continue;
            }
            tests.Add(test);
            // What stands behind decides nothing any more, and may be unknown here (RFC 5463 §4).
            if (call.Spec.Name == "allof" && test is { Constant: false, IsIhave: true }) break;
            if (call.Spec.Name == "anyof" && test is { Constant: true, IsIhave: true }) break;
        }
        call.Tests = tests.ToArray();
        if (fits) call.Constant = Fold(call);
        call.IsIhave = tests.Exists(t => t.IsIhave);
        return fits;
    }

    private static bool? Fold(Call call) => call.Spec.Name switch
    {
        "true" => true,
        "false" => false,
        "not" => !call.Tests[0].Constant,
        "allof" when call.Tests.Any(t => t.Constant == false) => false,
        "allof" when call.Tests.All(t => t.Constant == true) => true,
        "anyof" when call.Tests.Any(t => t.Constant == true) => true,
        "anyof" when call.Tests.All(t => t.Constant == false) => false,
        _ => null,
    };

    private bool TryArguments(Call call, Phrase phrase)
    {
        var arguments = phrase.Arguments;
        var positional = new List<Argument>();
        var groups = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument.Kind != ArgumentKind.Tag)
            {
                positional.Add(argument);
                continue;
            }
            if (positional.Count > 0)
            {
                Error(argument.At, $":{argument.Text} stands before the other arguments of `{phrase.Name}`");
                return false;
            }
            if (FindTag(call.Spec, argument) is not { } tag) return false;
            if (tag.Requires is { } extension && !Has(extension))
            {
                Error(argument.At, $":{tag.Name} needs require \"{extension}\"");
                return false;
            }
            if (!groups.Add(tag.Group ?? tag.Name))
            {
                Error(argument.At, $"`{phrase.Name}` has :{tag.Name}, or a tag that excludes it, twice");
                return false;
            }
            Operand operand = new(argument.At, 0, null);
            if (tag.Takes != Wants.Nothing)
            {
                if (i + 1 >= arguments.Count || !Suits(tag.Takes, arguments[i + 1]))
                {
                    Error(argument.At, $":{tag.Name} is followed by {Name(tag.Takes)}");
                    return false;
                }
                operand = Operand(arguments[++i]);
            }
            call.Tags[tag.Name] = operand;
        }
        return TryPositional(call, phrase, positional) && (!call.Spec.Matches || (MatchTags.TryRule(this, call) && TryKeys(call)))
            && TryPart(call);
    }

    // The keys stand last. What is constant is made ready once, for all messages.
    private bool TryKeys(Call call)
    {
        if (call.Positional[^1] is not { } operand || operand.Texts.Any(t => t.Constant is null)) return true;
        call.Keys = new([.. operand.Texts.Select(t => t.Constant!)], call.Match);
        if (call.Match.Type != MatchType.Regex) return true;
        for (var i = 0; i < operand.Texts.Count && _regexes < MostRegexes; i++, _regexes++)
        {
            if (RegexSyntax.Compile(operand.Texts[i].Constant!, call.Match.Comparator != Comparator.Octet, SieveLimits.Default.Regex,
                out var wrong) is not null) continue;
            Error(operand.Texts[i].At, wrong);
            return false;
        }
        return true;
    }

    private TagSpec? FindTag(Spec spec, Argument argument)
    {
        var all = spec.Tags.AsEnumerable();
        if (spec.Matches) all = all.Concat(MatchTags.All);
        if (spec.AddressParts) all = all.Concat(MatchTags.Parts);
        var tags = all.ToList();
        if (tags.Find(t => t.Name == argument.Text) is { } found) return found;
        Error(argument.At, $"`{spec.Name}` has no tag :{argument.Text}{Nearest.Hint(argument.Text, tags.Select(t => t.Name))}");
        return null;
    }

    private bool TryPositional(Call call, Phrase phrase, List<Argument> given)
    {
        var wanted = call.Spec.Positional;
        if (given.Count > wanted.Length || given.Count < wanted.Length - call.Spec.Optional)
        {
            Error(phrase.At, wanted.Length == 0
                ? $"`{phrase.Name}` takes no arguments but tags"
                : $"`{phrase.Name}` takes {string.Join(", ", wanted.Select(Name))}{(call.Spec.Optional > 0 ? " (some may be left out)" : "")}");
            return false;
        }
        call.Positional = new Operand?[wanted.Length];
        var skip = call.Spec.OptionalLast ? 0 : wanted.Length - given.Count;
        for (var i = 0; i < given.Count; i++)
        {
            if (!Suits(wanted[i + skip], given[i]))
            {
                Error(given[i].At, $"`{phrase.Name}` wants {Name(wanted[i + skip])} here");
                return false;
            }
            call.Positional[i + skip] = Operand(given[i]);
        }
        return true;
    }

    private bool TryPart(Call call)
    {
        if (!call.Spec.AddressParts) return true;
        call.Part = call.Has("localpart") ? AddressPart.LocalPart : call.Has("domain") ? AddressPart.Domain
            : call.Has("user") ? AddressPart.User : call.Has("detail") ? AddressPart.Detail : AddressPart.All;
        return true;
    }

    private Operand Operand(Argument argument) => new(argument.At, argument.Number,
        argument.Strings?.Select(s => Template.Compile(s, Has("encoded-character"), Has("variables"), IsNamespace, Error)).ToArray());

    // RFC 5229 §3: a namespace comes with its extension.
    private bool IsNamespace(string space) => space switch
    {
        "global" => Has("include"),
        "tst" => table.Extensions.Any(Has),
        _ => (space == "env" || space.StartsWith("env.", StringComparison.Ordinal)) && Has("vnd.dovecot.environment"),
    };

    private static bool Suits(Wants wanted, Argument given) => wanted switch
    {
        Wants.Number => given.Kind == ArgumentKind.Number,
        Wants.String => given.Kind == ArgumentKind.String,
        Wants.Strings => given.Kind is ArgumentKind.String or ArgumentKind.Strings,
        _ => false,
    };

    private static string Name(Wants wants) => wants switch
    {
        Wants.Number => "a number",
        Wants.String => "a string",
        Wants.Strings => "a string or a list of strings",
        _ => "nothing",
    };
}

/// <summary>The tags of comparisons (RFC 5228 §2.7, RFC 5231, RFC 5233, RFC 6134, draft-ietf-sieve-regex).</summary>
internal static class MatchTags
{
    public static readonly TagSpec[] All =
    [
        new("comparator", Wants.String),
        new("is", Group: "match"), new("contains", Group: "match"), new("matches", Group: "match"),
        new("count", Wants.String, "relational", "match"), new("value", Wants.String, "relational", "match"),
        new("regex", Wants.Nothing, "regex", "match"), new("list", Wants.Nothing, "extlists", "match"),
    ];

    public static readonly TagSpec[] Parts =
    [
        new("all", Group: "part"), new("localpart", Group: "part"), new("domain", Group: "part"),
        new("user", Wants.Nothing, "subaddress", "part"), new("detail", Wants.Nothing, "subaddress", "part"),
    ];

    public static bool TryRule(Checker checker, Call call)
    {
        var type = call.Has("contains") ? MatchType.Contains : call.Has("matches") ? MatchType.Matches : call.Has("count") ? MatchType.Count
            : call.Has("value") ? MatchType.Value : call.Has("regex") ? MatchType.Regex : call.Has("list") ? MatchType.List : MatchType.Is;
        // RFC 5231 §4.2: counts are numbers; a comparator the script names is still obeyed.
        var comparator = type == MatchType.Count ? Comparator.AsciiNumeric : Comparator.AsciiCasemap;
        if (call.Tag("comparator") is { } named && !TryComparator(checker, named, out comparator)) return false;
        if (!Comparators.HasSubstrings(comparator) && type is MatchType.Contains or MatchType.Matches or MatchType.Regex)
        {
            checker.Error(call.At, $"{Comparators.NameOf(comparator)} compares numbers: it goes with :is, :count and :value");
            return false;
        }
        var relation = Relation.None;
        if ((call.Tag("count") ?? call.Tag("value")) is { } given)
        {
            var name = given.Texts[0].Constant ?? "";
            if (!Enum.TryParse(name, ignoreCase: true, out relation) || relation == Relation.None || char.IsAsciiDigit(name[0]))
            {
                checker.Error(given.Texts[0].At, $"`{name}` is no relation: gt, ge, lt, le, eq or ne");
                return false;
            }
        }
        call.Match = new(type, comparator, relation);
        return true;
    }

    private static bool TryComparator(Checker checker, Operand named, out Comparator comparator)
    {
        var name = named.Texts[0].Constant;
        comparator = default;
        if (name is null) checker.Error(named.At, "a comparator's name holds no variables");
        else if (!Comparators.TryFind(name, out comparator))
            checker.Error(named.At, $"there is no comparator `{name}`{Nearest.Hint(name, Comparators.Known)}");
        else if (!Comparators.IsBuiltIn(name) && !checker.Has("comparator-" + name)) checker.Error(
            named.At, $"the comparator needs require \"comparator-{name}\"");
        else return true;
        return false;
    }
}

/// <summary>Which commands and tests there are.</summary>
internal sealed class SpecTable
{
    private readonly Dictionary<string, Spec> _specs;

    public SpecTable(IEnumerable<Spec> specs, params string[] extensions)
    {
        _specs = specs.ToDictionary(s => s.Name, StringComparer.Ordinal);
        Extensions = extensions;
    }

    public static SpecTable Standard { get; } = new(StandardSpecs);

    public static IEnumerable<Spec> StandardSpecs =>
    [
        .. ControlCommands.Specs, .. MailboxCommands.Specs, .. SendCommands.Specs, .. VacationCommand.Specs, .. VariableCommands.Specs,
        .. FlagCommands.Specs, .. IncludeCommands.Specs, .. HeaderTests.Specs, .. EnvelopeTest.Specs, .. DateTests.Specs, .. BodyTest.Specs,
        .. HostTests.Specs, .. EditHeaderCommands.Specs, .. PartCommands.Specs, .. NotifyCommands.Specs,
    ];

    /// <summary>Extensions only this table has.</summary>
    public IReadOnlyList<string> Extensions { get; }

    public Spec If { get; } = new("if") { Run = (_, _) => new(Flow.Next) };

    public Spec Unknown { get; } = new("?") { Test = (_, _) => new(false) };

    public bool TryFind(string name, out Spec spec) => _specs.TryGetValue(name, out spec!);

    public IEnumerable<string> Names(bool tests) => _specs.Values.Where(s => s.IsTest == tests).Select(s => s.Name)
        .Concat(tests ? [] : ["require", "if", "elsif", "else"]);
}
