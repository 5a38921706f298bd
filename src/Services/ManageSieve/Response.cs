using Aviso.Accounts;
using Aviso.Base;

namespace Aviso.ManageSieve;

internal enum ResponseStatus : byte
{
    Ok, No, Bye,

    /// <summary>The handler wrote its own end, or the connection is over.</summary>
    Silent,
}

/// <summary>How a command ended: RFC 5804 §1.2 status, response code without parentheses, text.</summary>
internal readonly record struct Response(ResponseStatus Status, string Code, string Text)
{
    /// <summary>A broken command: it counts against the peer's patience with us.</summary>
    public bool IsBad { get; init; }

    /// <summary>Why the session ends with a Bye; null for others.</summary>
    public Reason? Ends { get; init; }

    public static Response Silent => new(ResponseStatus.Silent, "", "");

    public static Response Syntax => Bad("The command cannot be read");

    public static Response BadName => No("That cannot be a script's name");

    public static Response Ok(string text, string code = "") => new(ResponseStatus.Ok, code, text);

    public static Response No(string text, string code = "") => new(ResponseStatus.No, code, text);

    public static Response Bye(Reason reason, string text, string code = "") => new(ResponseStatus.Bye, code, text) { Ends = reason };

    public static Response Bad(string text) => new(ResponseStatus.No, "", text) { IsBad = true };

    public static Response Of(SieveScriptRefusal refusal, string done, SieveScriptLimits limits) => refusal switch
    {
        SieveScriptRefusal.None => Ok(done),
        SieveScriptRefusal.NonExistent => No("There is no script of that name", "NONEXISTENT"),
        SieveScriptRefusal.AlreadyExists => No("There is a script of that name", "ALREADYEXISTS"),
        SieveScriptRefusal.Active => No("The active script is not deleted; set another active first", "ACTIVE"),
        SieveScriptRefusal.MaxSize => No($"A script has at most {limits.Size} octets", "QUOTA/MAXSIZE"),
        SieveScriptRefusal.MaxScripts => No($"At most {limits.Count} scripts are kept", "QUOTA/MAXSCRIPTS"),
        _ => No($"All scripts together have at most {limits.Octets} octets", "QUOTA"),
    };
}
