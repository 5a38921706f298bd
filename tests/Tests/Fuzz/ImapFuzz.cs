using System.Text;
using Aviso.Imap;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Grammar never throws, never reads past the end, and stops at a position inside the command.</summary>
public sealed class ImapFuzz
{
    private static readonly string[] Seeds =
    [
        "a FETCH 1:*,3 (UID FLAGS BODY.PEEK[1.2.HEADER.FIELDS (From \"To\")]<0.100> PREVIEW (LAZY) BINARY[1]) (CHANGEDSINCE 5 VANISHED)",
        "a SEARCH RETURN (MIN COUNT PARTIAL -1:-5) CHARSET UTF-8 OR (FROM {3}\r\nabc NOT SEEN) UID 1:5 SINCE 1-Feb-2024 MODSEQ \"/flags/\\\\Seen\" all 5",
        "a SORT RETURN (ALL) (REVERSE DATE SUBJECT) UTF-8 TEXT \"a\\\"b\"",
        "a THREAD REFERENCES UTF-8 ALL",
        "a STORE 1 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Seen $Forwarded)",
        "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"%\" \"*\") RETURN (CHILDREN STATUS (MESSAGES SIZE))",
        "a APPEND INBOX (\\Seen) \"17-Jul-1996 02:44:25 -0700\" UTF8 (~{5+}\r\n)",
        "a SELECT INBOX (QRESYNC (1 5 1:9 (1,2 3,4)))",
        "a GETMETADATA (MAXSIZE 5 DEPTH infinity) INBOX (/shared/a /private/b)",
        "a SETMETADATA \"\" (/private/a {2}\r\nab /private/b NIL)",
        "a NOTIFY SET STATUS (SELECTED (MessageNew (UID FLAGS) MessageExpunge)) (SUBTREE (a b) NONE)",
        "a STATUS \"&AOQ-\" (MESSAGES UNSEEN MAILBOXID)",
        "a CREATE x (USE (\\Sent))",
    ];

    [Fact]
    public void Grammar_takes_anything() => Mutator.Run([.. Seeds.Select(Encoding.UTF8.GetBytes)], 1500, Check);

    private static void Check(byte[] input)
    {
        for (var rule = 0; rule < 16; rule++)
        {
            var g = new Grammar(input, utf8Names: (rule & 1) == 0);
            CommandHead.TryRead(ref g, out _, out _);
            Apply(ref g, rule);
            Assert.InRange(g.Position, 0, input.Length);
        }
    }

    private static void Apply(ref Grammar g, int rule)
    {
        switch (rule)
        {
            case 0 or 1: _ = g.Sp() && g.Sequence(out _) && g.Sp() && g.FetchRequest(out _); break;
            case 2: g.SearchRequest(out _); break;
            case 3: g.SortRequest(out _, out _); break;
            case 4: g.ThreadRequest(out _, out _); break;
            case 5 or 6: _ = g.Sp() && g.Sequence(out _) && g.Sp() && g.StoreRequest(out _); break;
            case 7: g.ListRequest(out _); break;
            case 8: _ = g.Sp() && g.Mailbox(out _) && g.AppendMessage(out _) && g.AppendMessage(out _); break;
            case 9: _ = g.Sp() && g.Mailbox(out _) && g.SelectParameters(out _); break;
            case 10: g.GetMetadata(out _); break;
            case 11: g.SetMetadata(out _, out _); break;
            case 12: g.NotifyRequest(out _); break;
            case 13: _ = g.Sp() && g.Mailbox(out _) && g.Sp() && g.StatusItems(out _); break;
            case 14: _ = g.Sp() && g.Mailbox(out _) && g.CreateParameters(out _); break;
            default: _ = g.Sp() && g.AString(out _) && g.Sp() && g.AString(out _); break;
        }
    }
}
