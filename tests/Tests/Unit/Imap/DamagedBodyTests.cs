using Aviso.Store;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>One message whose octets went bad on the disk: it is said of it alone, and never shown as if it were whole.</summary>
public sealed class DamagedBodyTests
{
    [Theory]
    [InlineData("wrong")]
    [InlineData("cut")]
    public async Task A_damaged_message_is_refused_by_itself_and_all_others_are_sent(string damage)
    {
        StoreFolder folder = new();
        await using var host = await ImapHost.StartAsync(store: folder.Keep);
        host.CheckAtEnd = false;
        foreach (var name in (string[])["first", "second", "third"])
            await host.DeliverAsync($"Subject: {name}\r\nMessage-ID: <{name}@x.example>\r\n\r\n{new string('b', 2 << 20)}\r\n");
        var second = Directory.GetFiles(Path.Combine(folder.Path, "large")).Order(StringComparer.Ordinal).ElementAt(1);
        await using (var file = new FileStream(second, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = file.Length - 10;
            if (damage == "wrong") file.WriteByte((byte)'!');
            else file.SetLength(file.Position);
        }
        var (peer, run) = await ImapPeer.ConnectAsync(host);
        await using var _ = peer;
        await peer.LogInAsync();
        await peer.CommandAsync("a", "SELECT INBOX");
        await peer.SendAsync("b UID FETCH 1:* (ENVELOPE BODY.PEEK[])\r\n");
        var answer = await peer.AnswerAsync("b");
        Assert.StartsWith("b NO [SERVERBUG]", answer[^1], StringComparison.Ordinal);
        var shown = string.Join('\n', answer);
        Assert.Contains("<first@x.example>", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("<second@x.example>", shown, StringComparison.Ordinal);
        Assert.Contains("<third@x.example>", shown, StringComparison.Ordinal);
        // The connection lives, and what the rows tell of the message is still told.
        Assert.StartsWith("c OK", (await peer.CommandAsync("c", "UID FETCH 2 (ENVELOPE RFC822.SIZE)"))[^1], StringComparison.Ordinal);
        await peer.CommandAsync("z", "LOGOUT");
        await run;
    }

    private sealed class StoreFolder
    {
        public string Path { get; private set; } = "";

        public StoreOptions Keep(StoreOptions options)
        {
            Path = options.DataFolder;
            return options;
        }
    }
}
