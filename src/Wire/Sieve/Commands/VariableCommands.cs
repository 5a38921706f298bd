using System.Globalization;
using System.Text;

namespace Aviso.Sieve;

/// <summary>variables (RFC 5229): set and string.</summary>
internal static class VariableCommands
{
    // RFC 5229 §4.1: modifiers of one precedence exclude each other; the highest is applied first.
    private static readonly TagSpec[] Modifiers =
    [
        new("lower", Group: "40"), new("upper", Group: "40"), new("lowerfirst", Group: "30"), new("upperfirst", Group: "30"),
        new("quotewildcard", Group: "20"), new("quoteregex", Wants.Nothing, "regex", "20"),
            new("encodeurl", Wants.Nothing, "enotify", "15"),
        new("length", Group: "10"),
    ];

    public static IEnumerable<Spec> Specs =>
    [
        new("set", "variables") { Positional = [Wants.String, Wants.String], Tags = Modifiers, Check = CheckName, Run = Set },
        new("string", "variables") { Positional = [Wants.Strings, Wants.Strings], Matches = true, Test = String },
    ];

    public static TagSpec[] AllModifiers => Modifiers;

    public static void CheckName(Checker checker, Call call)
    {
        var name = call.Positional[0]!.Texts[0];
        if (name.Constant is null) checker.Error(name.At, "the name of the variable that is set holds no variables itself");
        else if (Split(name.Constant) is not ("" or "global", var local)) checker.Error(
            name.At, $"`{name.Constant}` is in no namespace that can be set");
        else if (!Template.IsIdentifier(local) || local.Length > 128) checker.Error(name.At, $"`{name.Constant}` is no name of a variable");
        else if (name.Constant.Contains('.', StringComparison.Ordinal) && !checker.Has("include")) checker.Error(
            name.At, "the namespace `global` needs require \"include\"");
        else if (!name.Constant.Contains('.', StringComparison.Ordinal)) checker.Set(name.At, local);
    }

    /// <summary>Namespace and name, lower case (RFC 5229 §3: names are compared without case).</summary>
    public static (string Space, string Name) Split(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot < 0 ? ("", name.ToLowerInvariant()) : (name[..dot].ToLowerInvariant(), name[(dot + 1)..].ToLowerInvariant());
    }

    private static ValueTask<Flow> Set(SieveRun run, Call call)
    {
        var (space, name) = Split(call.Positional[0]!.Texts[0].Constant!);
        run.SetVariable(call, space, name, Modify(run, call, run.String(call.Positional[1]!)));
        return new(Flow.Next);
    }

    public static string Modify(SieveRun run, Call call, string value)
    {
        if (call.Has("lower")) value = value.ToLowerInvariant();
        if (call.Has("upper")) value = value.ToUpperInvariant();
        if (call.Has("lowerfirst") && value.Length > 0) value = char.ToLowerInvariant(value[0]) + value[1..];
        if (call.Has("upperfirst") && value.Length > 0) value = char.ToUpperInvariant(value[0]) + value[1..];
        if (call.Has("quotewildcard")) value = Quote(value, "*?\\", run.Limits.VariableLength);
        if (call.Has("quoteregex")) value = Quote(value, "\\.[]*+?(){}|^$", run.Limits.VariableLength);
        // RFC 5435 §6: percent-encoding of all but unreserved characters.
        if (call.Has("encodeurl")) value = Uri.EscapeDataString(Template.Cut(value, run.Limits.VariableLength));
        if (call.Has("length")) value = value.EnumerateRunes().Count().ToString(CultureInfo.InvariantCulture);
        return value;
    }

    // A quoted character is not cut in two.
    private static string Quote(string value, string special, int longest)
    {
        var text = new StringBuilder(value.Length + 16);
        foreach (var c in value)
        {
            var length = special.Contains(c, StringComparison.Ordinal) ? 2 : 1;
            if (text.Length + length > longest) break;
            if (length == 2) text.Append('\\');
            text.Append(c);
        }
        return text.ToString();
    }

    // RFC 5229 §5: with :count the non-empty strings are counted.
    private static async ValueTask<bool> String(SieveRun run, Call call)
    {
        IEnumerable<string> values = run.Strings(call.Positional[0]);
        if (call.Match.Type == MatchType.Count) values = values.Where(v => v.Length > 0);
        return await run.Matcher(call, call.Positional[1]!).AnyAsync(values);
    }
}
