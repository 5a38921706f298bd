using Aviso.Base;

namespace Aviso.Pop3;

internal enum ReplyStatus : byte
{
    Ok, Error,

    /// <summary>The handler wrote its own answer, or the connection is over.</summary>
    Silent,
}

/// <summary>How a command ended: RFC 1939 §3 status indicator, RFC 2449 §8 response code without brackets or empty, text.</summary>
internal readonly record struct Reply(ReplyStatus Status, string Code, string Text)
{
    /// <summary>A broken command: it counts against the peer's patience with us.</summary>
    public bool IsBad { get; init; }

    /// <summary>The session ends after this reply, because of what happened in it.</summary>
    public Reason? Ends { get; init; }

    public static Reply Silent => new(ReplyStatus.Silent, "", "");

    public static Reply Syntax => Bad("The command cannot be read");

    public static Reply NoSuchMessage => No("", "There is no such message");

    public static Reply Ok(string text) => new(ReplyStatus.Ok, "", text);

    public static Reply No(string code, string text) => new(ReplyStatus.Error, code, text);

    public static Reply Bad(string text) => new(ReplyStatus.Error, "", text) { IsBad = true };

    public static Reply Bye(Reason reason, string text, string code = "") => new(ReplyStatus.Error, code, text) { Ends = reason };
}
