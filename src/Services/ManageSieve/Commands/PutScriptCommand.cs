using Aviso.Accounts;
using Aviso.Sieve;

namespace Aviso.ManageSieve;

/// <summary>RFC 5804 §2.6 PUTSCRIPT and §2.12 CHECKSCRIPT: what does not compile is not stored, and every error has its line.</summary>
internal static class PutScriptCommand
{
    public static async ValueTask<Response> PutAsync(ManageSieveSession session, Command command)
    {
        if (!TryArguments(command, named: true, out var given, out var text, out var octets)) return Response.Syntax;
        if (SieveScripts.Canonical(given) is not { } name) return Response.BadName;
        var limits = session.Scripts.Limits;
        // Room first: it is cheaper to find out than whether the script is right.
        if (await session.Scripts.HasSpaceAsync(
            session.Account, name, octets.Length, session.Cancel) is var full and not SieveScriptRefusal.None)
            return Response.Of(full, "", limits);
        if (text is null) return Response.No("The script is not UTF-8");
        var compiled = SieveCompiler.Compile(text, session.Server.Sieve with { Name = name });
        if (compiled.Errors.Count > 0) return Wrong(compiled);
        var refusal = await session.Scripts.PutAsync(session.Account, name, octets, session.Cancel);
        return refusal == SieveScriptRefusal.None
            ? Right(compiled, ScriptCommands.Changed(session, refusal, "PUTSCRIPT", name, "Stored"))
            : Response.Of(refusal, "", limits);
    }

    public static ValueTask<Response> CheckAsync(ManageSieveSession session, Command command)
    {
        if (!TryArguments(command, named: false, out _, out var text, out var octets)) return new(Response.Syntax);
        if (octets.Length > session.Scripts.Limits.Size) return new(Response.Of(SieveScriptRefusal.MaxSize, "", session.Scripts.Limits));
        if (text is null) return new(Response.No("The script is not UTF-8"));
        var compiled = SieveCompiler.Compile(text, session.Server.Sieve);
        return new(compiled.Errors.Count > 0 ? Wrong(compiled) : Right(compiled, Response.Ok("The script is right")));
    }

    private static bool TryArguments(Command command, bool named, out string name, out string? text, out byte[] octets)
    {
        (name, text, octets) = ("", null, []);
        var g = command.Arguments();
        if (named && !(g.Sp() && g.String(out name))) return false;
        if (!g.Sp() || !g.String(out ReadOnlySpan<byte> script) || !g.End()) return false;
        octets = script.ToArray();
        text = Grammar.AsText(script);
        return true;
    }

    private static Response Wrong(SieveCompilation compiled) => Response.No(Lines(compiled.Errors));

    // RFC 5804 §1.3 WARNINGS: stored all the same.
    private static Response Right(SieveCompilation compiled, Response done) =>
        compiled.Warnings.Count == 0 ? done : done with { Code = "WARNINGS", Text = Lines(compiled.Warnings) };

    private static string Lines(IReadOnlyList<SieveProblem> problems) =>
        string.Join("\r\n", problems.Select(p => $"line {p.Line}, column {p.Column}: {p.Text}"));
}
