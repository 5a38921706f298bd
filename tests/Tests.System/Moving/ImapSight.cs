using System.Text;
using System.Text.Json;
using Xunit;

namespace Aviso.Tests.System.Moving;

/// <summary>An account as an IMAP client (Python's imaplib) sees it: everything of every mailbox.</summary>
public static class ImapSight
{
    public sealed record Box(string Name, uint UidValidity, uint UidNext, int Messages);

    public sealed record Message(string Mailbox, uint Uid, IReadOnlySet<string> Flags, long Received, long Size, string Text);

    public sealed record Sight(IReadOnlyList<Box> Boxes, IReadOnlyList<Message> Messages, IReadOnlyList<string> Subscriptions,
        IReadOnlyDictionary<string, string> Uses);

    public static Task<Sight> LookAsync(AvisoServer server, string user, string password) => LookAsync(server.Port("imap"), user, password);

    public static async Task<Sight> LookAsync(int port, string user, string password)
    {
        var script = Path.Combine(Checkout.Root, "tests", "Tests.System", "Moving", "imap_sight.py");
        var ran = await Tool.RunAsync(Tool.Find("python3", "python3-minimal"), [script, $"{port}", user, password],
            seconds: 120);
        var root = JsonDocument.Parse(ran.MustSucceed().Output).RootElement;
        return new(
            [.. root.GetProperty("boxes").EnumerateArray().Select(row => new Box(
                row.GetProperty("name").GetString()!, row.GetProperty("uidvalidity").GetUInt32(), row.GetProperty("uidnext").GetUInt32(),
                    row.GetProperty("messages").GetInt32()))],
            [.. root.GetProperty("messages").EnumerateArray().Select(row => new Message(
                row.GetProperty("mailbox").GetString()!, row.GetProperty("uid").GetUInt32(),
                row.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()!).Where(flag => flag != "\\Recent")
                    .ToHashSet(StringComparer.Ordinal),
                row.GetProperty("received").GetInt64(), row.GetProperty("size").GetInt64(), row.GetProperty("text").GetString()!))],
            [.. root.GetProperty("subscriptions").EnumerateArray().Select(name => name.GetString()!)],
            root.GetProperty("uses").EnumerateObject().ToDictionary(use => use.Name, use => use.Value.GetString()!));
    }

    /// <summary>Fails unless the account shows what Dovecot shows, names and all.</summary>
    public static void AssertSame(IReadOnlyList<DovecotMailbox> boxes, IReadOnlyList<DovecotMessage> messages, Sight sight)
    {
        foreach (var box in boxes)
        {
            var here = Assert.Single(sight.Boxes, one => one.Name == box.Name);
            Assert.Equal((box.Name, box.UidValidity, box.UidNext, box.Messages), (box.Name, here.UidValidity, here.UidNext, here.Messages));
        }
        var found = sight.Messages.ToDictionary(message => (message.Mailbox, message.Uid));
        foreach (var message in messages)
        {
            Assert.True(found.Remove((message.Mailbox, message.Uid), out var here),
                $"{message.Mailbox} UID {message.Uid} is not here");
            Assert.Equal((message.Received, message.Size), (here!.Received, here.Size));
            Assert.Equal(message.Flags.Order(StringComparer.Ordinal), here.Flags.Order(StringComparer.Ordinal));
            // doveadm tells 8-bit octets as UTF-8, imap_sight.py each as a character.
            Assert.Equal(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(message.Text)), here.Text);
        }
        Assert.Empty(found);
    }
}
