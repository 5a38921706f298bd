using System.Text;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>Events by mail, into a real store.</summary>
public sealed class MailTargetTests
{
    private static readonly DoctorEvent Event = new("id1", 1_767_225_600, true, "disk-full", Severity.Error, "/data", "the disk is full",
        "0 MB", "Make room.", "",
        1_767_225_600, []);

    private sealed class Nobody : INoticeTarget
    {
        public ValueTask<NoticeAddress> FindAsync(string sender, CancellationToken cancel) => new(new NoticeAddress(null, sender));
    }

    private static async Task<(string Destination, string Text)> SendAsync(Func<FindingBook, Task> before)
    {
        await using var store = await TestStore.OpenAsync();
        var book = await FindingBook.OpenAsync(store.Store, store.Clock, NullLogger.Instance, default);
        await before(book);
        var woken = 0;
        var parts = new EventMailParts(store.Store, new MessageReader(), new Nobody(),
            _ => ["relay:brevo", "relay:spare", "elsewhere.example"],
            () => "postmaster@example.org", (_, domain) => Encoding.ASCII.GetBytes($"X-Signed: {domain}\r\n"), () => woken++);
        var source = new EventSource(() => "mail.example.org", store.Clock);
        var letter = new OwnerLetter(["you@elsewhere.example"], parts, book, source);
        Assert.Null(await new MailTarget(letter, source).SendAsync([Event], default));
        Assert.Equal(1, woken);
        var item = Assert.Single(await store.Store.ListQueueAsync(new(), 10, default));
        Assert.Equal("", item.Message.Sender);
        using var body = await store.Store.OpenQueueBodyAsync(item.Message.Id, default);
        var octets = new byte[body!.Length];
        body.Read(0, octets);
        var (you, other) = (RowAddresses.Read("you@elsewhere.example"), RowAddresses.Read("other@elsewhere.example"));
        Assert.Equal(item.Recipients[0].Destination, letter.DetourOf(default, you));
        Assert.Null(letter.DetourOf(default, other));
        Assert.Null(letter.DetourOf(other, you));
        return (item.Recipients[0].Destination, Encoding.UTF8.GetString(octets));
    }

    [Fact]
    public async Task It_is_queued_signed_and_says_what_is_wrong()
    {
        var (destination, text) = await SendAsync(_ => Task.CompletedTask);
        Assert.Equal("relay:brevo", destination);
        Assert.StartsWith("X-Signed: example.org\r\n", text, StringComparison.Ordinal);
        foreach (var part in (string[])["Subject: mail.example.org: disk-full", "Auto-Submitted: auto-generated", "the disk is full",
            "Make room."])
            Assert.Contains(part, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_usual_relay_takes_nothing_it_goes_by_another()
    {
        var (destination, _) = await SendAsync(book => book.RaiseAsync(
            new(FindingCode.RelayNotTaking, "brevo", "the relay brevo takes no mail", "535", "x"), TimeSpan.FromHours(1), default));
        Assert.Equal("relay:spare", destination);
    }
}
