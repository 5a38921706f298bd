using Aviso.Accounts;

namespace Aviso.ManageSieve;

/// <summary>Commands about stored scripts; what a script may hold is <see cref="PutScriptCommand"/>'s.</summary>
internal static class ScriptCommands
{
    // RFC 5804 §2.5
    public static async ValueTask<Response> HaveSpaceAsync(ManageSieveSession session, Command command)
    {
        if (!TryHaveSpace(command, out var given, out var size)) return Response.Syntax;
        if (SieveScripts.Canonical(given) is not { } name) return Response.BadName;
        return Response.Of(
            await session.Scripts.HasSpaceAsync(session.Account, name, size, session.Cancel), "There is room", session.Scripts.Limits);
    }

    private static bool TryHaveSpace(Command command, out string name, out long size)
    {
        size = 0;
        var g = command.Arguments();
        if (g.Sp() && g.String(out name)) return g.Sp() && g.Number(out size) && g.End();
        name = "";
        return false;
    }

    // RFC 5804 §2.7
    public static async ValueTask<Response> ListAsync(ManageSieveSession session, Command command)
    {
        if (!command.Arguments().End()) return Response.Syntax;
        foreach (var script in await session.Scripts.ListAsync(session.Account, session.Cancel))
        {
            session.Writer.String(script.Name);
            if (script.IsActive) session.Writer.Bytes(" ACTIVE"u8);
            session.Writer.Line();
        }
        return Response.Ok("Done");
    }

    // RFC 5804 §2.8: the empty name means none.
    public static async ValueTask<Response> SetActiveAsync(ManageSieveSession session, Command command)
    {
        if (!TryName(command, out var given)) return Response.Syntax;
        var name = SieveScripts.Canonical(given);
        if (name is null && given.Length > 0) return Response.BadName;
        var refusal = await session.Scripts.SetActiveAsync(session.Account, name, session.Cancel);
        return Changed(session, refusal, "SETACTIVE", given, name is null ? "No script is active" : "The script is active");
    }

    // RFC 5804 §2.9
    public static async ValueTask<Response> GetAsync(ManageSieveSession session, Command command)
    {
        if (!TryName(command, out var given)) return Response.Syntax;
        if (SieveScripts.Canonical(given) is not { } name) return Response.BadName;
        if (await session.Scripts.GetAsync(session.Account, name, session.Cancel) is not { } text)
            return Response.Of(SieveScriptRefusal.NonExistent, "", session.Scripts.Limits);
        session.Writer.Literal(text).Line();
        return Response.Ok("Done");
    }

    // RFC 5804 §2.10
    public static async ValueTask<Response> DeleteAsync(ManageSieveSession session, Command command)
    {
        if (!TryName(command, out var given)) return Response.Syntax;
        if (SieveScripts.Canonical(given) is not { } name) return Response.BadName;
        return Changed(session, await session.Scripts.DeleteAsync(session.Account, name, session.Cancel), "DELETESCRIPT", name, "Deleted");
    }

    // RFC 5804 §2.11
    public static async ValueTask<Response> RenameAsync(ManageSieveSession session, Command command)
    {
        if (!TryNames(command, out var given, out var givenNew)) return Response.Syntax;
        if (SieveScripts.Canonical(given) is not { } name || SieveScripts.Canonical(givenNew) is not { } newName) return Response.BadName;
        return Changed(
            session, await session.Scripts.RenameAsync(session.Account, name, newName, session.Cancel), "RENAMESCRIPT", newName, "Renamed");
    }

    public static Response Changed(ManageSieveSession session, SieveScriptRefusal refusal, string command, string name, string done)
    {
        if (refusal == SieveScriptRefusal.None)
            ManageSieveLog.Changed(session.Server.Log, session.Connection.Id, session.Who!.Address, command, name);
        return Response.Of(refusal, done, session.Scripts.Limits);
    }

    private static bool TryName(Command command, out string name)
    {
        var g = command.Arguments();
        if (g.Sp() && g.String(out name)) return g.End();
        name = "";
        return false;
    }

    private static bool TryNames(Command command, out string name, out string newName)
    {
        newName = "";
        var g = command.Arguments();
        if (g.Sp() && g.String(out name)) return g.Sp() && g.String(out newName) && g.End();
        name = "";
        return false;
    }
}
