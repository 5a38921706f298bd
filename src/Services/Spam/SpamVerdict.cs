using System.Globalization;
using System.Text;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Spam;

/// <summary>What should happen to a message, in rising order of refusal.</summary>
public enum SpamAction
{
    /// <summary>Nothing.</summary>
    Accept,

    /// <summary>450 4.7.1 with the reason: the sender is new here and may come back.</summary>
    Greylist,

    /// <summary>Mark it and file it in Junk.</summary>
    Tag,

    /// <summary>5xx after DATA.</summary>
    Reject,
}

/// <summary>One finding.</summary>
/// <param name="Name">Upper-case letters, digits and underscores.</param>
/// <param name="Score">Points; above 0 speaks for spam. 0 only informs.</param>
/// <param name="Reason">What was seen, for people; may hold text of the message, never a line end.</param>
public sealed record SpamSymbol(string Name, double Score, string Reason);

/// <summary>What all checks together say of a message. The symbols' scores add up to <see cref="Score"/>.</summary>
/// <param name="Skipped">Names of checks that failed or ran out of time, each with its cause: "dnsbl (timeout)".</param>
/// <param name="PerAccount">The score for accounts that see it differently; null when none does.</param>
public sealed record SpamVerdict(
    double Score, SpamAction Action, IReadOnlyList<SpamSymbol> Symbols, IReadOnlyList<string> Skipped,
    IReadOnlyDictionary<AccountId, double>? PerAccount = null)
{
    /// <summary>The threshold that <see cref="Fields()"/> shows as "required".</summary>
    public double Required { get; init; } = 6;

    /// <summary>From this score on mail is refused.</summary>
    public double RejectAt { get; init; } = 15;

    /// <summary>Symbols that only count for one account.</summary>
    public IReadOnlyDictionary<AccountId, IReadOnlyList<SpamSymbol>>? AccountSymbols { get; init; }

    /// <summary>Why the sender should wait, when <see cref="Action"/> is Greylist; or why an action was forced.</summary>
    public string Reason { get; init; } = "";

    /// <summary>A check asked for <see cref="Action"/>, whatever the score is.</summary>
    public bool IsAsked => Reason.Length > 0;

    /// <summary>The name of a virus, "" when a scanner found none, null when none looked.</summary>
    public string? Virus { get; init; }

    /// <summary>Checks without whose answer mail is not taken and that gave none: it has to come again if it is not refused.</summary>
    public IReadOnlyList<string> Owed { get; init; } = [];

    /// <summary>A verdict for mail that no check looked at.</summary>
    public static SpamVerdict Unchecked(string why) => new(0, SpamAction.Accept, [], [why]);

    /// <summary>The score <paramref name="account"/> sees.</summary>
    public double ScoreFor(AccountId account) => PerAccount is not null && PerAccount.TryGetValue(account, out var own) ? own : Score;

    /// <summary>What happens to the copy of <paramref name="account"/>: where it sees another score, that one decides between Inbox and
    /// Junk.</summary>
    public SpamAction ActionFor(AccountId account) =>
        Action is SpamAction.Reject or SpamAction.Greylist || IsAsked || PerAccount?.ContainsKey(account) != true ? Action
        : ScoreFor(account) >= Required ? SpamAction.Tag : SpamAction.Accept;

    /// <summary>The symbols that count for <paramref name="account"/>, the strongest first.</summary>
    public IEnumerable<SpamSymbol> SymbolsFor(AccountId account) =>
        (AccountSymbols is { } own && own.TryGetValue(account, out var more) ? Symbols.Concat(more) : Symbols)
        .OrderByDescending(s => Math.Abs(s.Score)).ThenBy(s => s.Name, StringComparer.Ordinal);

    /// <summary>
    /// The header fields for people (X-Spam-Status, X-Spam-Flag) and for programs (X-Spam-Result), folded, each ending with CRLF.
    /// </summary>
    public string Fields() => SpamFields.Write(this, null);

    /// <summary>As <see cref="Fields()"/>, with the score and symbols that <paramref name="account"/> sees.</summary>
    public string Fields(AccountId account) => SpamFields.Write(this, account);
}

/// <summary>The X-Spam fields: ASCII, folded at 78 octets where a symbol ends, nothing of the message in them.</summary>
internal static class SpamFields
{
    /// <summary>Where fields stand in a header that came with a message and speak as ours do.</summary>
    public static List<Range> Claiming(ReadOnlySpan<byte> header)
    {
        var found = new List<Range>();
        foreach (var field in new HeaderFields(header))
        {
            if (IsClaim(field.Name)) found.Add(field.Offset..(field.Offset + field.Length));
        }
        return found;
    }

    // X-Spam, X-Spam-* and X-Spamd-*: filters and scripts everywhere believe them, whoever wrote them.
    private static bool IsClaim(ReadOnlySpan<byte> name)
    {
        if (name.Length < 6 || !Ascii.EqualsIgnoreCase(name[..6], "X-Spam")) return false;
        var rest = name[6..];
        return rest.IsEmpty || rest[0] == '-' || (rest.Length > 1 && (rest[0] | 0x20) == 'd' && rest[1] == '-');
    }

    public static string Write(SpamVerdict verdict, AccountId? account)
    {
        var score = account is { } a ? verdict.ScoreFor(a) : verdict.Score;
        var isSpam = score >= verdict.Required;
        var text = new StringBuilder(256);
        text.Append("X-Spam-Status: ").Append(isSpam ? "Yes" : "No").Append(", score=").Append(Number(score))
            .Append(" required=").Append(Number(verdict.Required)).Append("\r\n\ttests=");
        var symbols = Symbols(verdict, account).OrderByDescending(s => Math.Abs(s.Score)).ToList();
        var column = 7;
        for (var i = 0; i < symbols.Count; i++) Piece(text, symbols[i].Name, i == symbols.Count - 1 ? "" : ",", ref column);
        if (symbols.Count == 0) text.Append("none");
        text.Append("\r\n");
        if (isSpam) text.Append("X-Spam-Flag: YES\r\n");
        var action = account is { } of ? verdict.ActionFor(of) : verdict.Action;
        text.Append("X-Spam-Result: score=").Append(Number(score))
            .Append("; action=").Append(action.ToString().ToLowerInvariant()).Append(';');
        column = 78;
        foreach (var s in symbols) Piece(text, $" {s.Name}={Number(s.Score)};", "", ref column);
        if (verdict.Skipped.Count > 0)
        {
            text.Append("\r\n\tskipped=");
            column = 9;
            for (var i = 0; i < verdict.Skipped.Count; i++) Piece(
                text, verdict.Skipped[i], i == verdict.Skipped.Count - 1 ? "" : ",", ref column);
        }
        return text.Append("\r\n").ToString();
    }

    private static IEnumerable<SpamSymbol> Symbols(SpamVerdict verdict, AccountId? account) =>
        account is { } a && verdict.AccountSymbols is { } own && own.TryGetValue(a, out var more) ? verdict.Symbols.Concat(more) : verdict.Symbols;

    private static void Piece(StringBuilder text, string piece, string end, ref int column)
    {
        piece = piece.TrimStart(' ');
        if (column + piece.Length + end.Length + 1 > 77)
        {
            text.Append("\r\n\t");
            column = 1;
        }
        else if (text[^1] is ';' or ',')
        {
            text.Append(' ');
            column++;
        }
        text.Append(piece).Append(end);
        column += piece.Length + end.Length;
    }

    private static string Number(double score) => score.ToString("0.0#", CultureInfo.InvariantCulture);
}
