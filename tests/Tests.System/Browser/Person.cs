using System.Text;
using Aviso.Tests.System.Clients;

namespace Aviso.Tests.System.Browser;

/// <summary>Somebody with an account, and the ways mail gets to them without a browser.</summary>
internal sealed record Person(AvisoServer Server, string Address)
{
    /// <summary>Comes from outside over SMTP.</summary>
    public void Receives(params IEnumerable<Letter> letters)
    {
        using var smtp = new SmtpLineClient(Server.Port("smtp"));
        foreach (var letter in letters) smtp.Deliver(letter.Sender, [Address], letter.For(Address));
    }

    /// <summary>Is put there by another program over IMAP, with flags such as "\Seen".</summary>
    public void Keeps(string mailbox, Letter letter, string flags = "")
    {
        using var imap = Imap();
        var text = letter.For(Address);
        var length = Encoding.Latin1.GetByteCount(text);
        var (tagged, _) = imap.Run($"APPEND \"{mailbox}\" ({flags}) {{{length}+}}\r\n{text}");
        if (!tagged.StartsWith("OK", StringComparison.Ordinal)) throw new InvalidOperationException(tagged);
    }

    public void HasFolder(string name)
    {
        using var imap = Imap();
        imap.Ok($"CREATE \"{name}\"");
        imap.Ok($"SUBSCRIBE \"{name}\"");
    }

    /// <summary>How many messages another program sees there.</summary>
    public int Count(string mailbox)
    {
        using var imap = Imap();
        var line = imap.Ok($"EXAMINE \"{mailbox}\"").First(l => l.EndsWith(" EXISTS", StringComparison.Ordinal));
        return int.Parse(line.Split(' ')[1], null);
    }

    private ImapLineClient Imap() => new(Server.Port("imap"), Address, AvisoServer.Password);
}
