using System.Net;
using System.Text;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Store;
using Aviso.Tests.Unit.Base;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Delivery.Fates;

/// <summary>A step that throws or runs out of time is left out or puts the message off, as it declares; nothing is half done.</summary>
public sealed class ReceiveStepTests
{
    private static readonly string[] Kinds = ["io", "disposed", "invalid", "memory", "budget", "spool"];

    private static readonly string[] Names =
    [
        "ReadHeader", "StopLoops", "CheckSubmission", "LimitSending", "VerifySender", "RemoveClaims", "ReadParts", "Score", "Judge", "Sign", "Plan",
        "StoreCopies", "ProveFates", "SendLetters", "Learn",
    ];

    // These may fail without costing anybody his mail.
    private static readonly string[] Optional = ["LimitSending", "VerifySender", "Score", "Sign", "SendLetters", "Learn"];

    public static TheoryData<string, string> Cases => [.. Names.SelectMany(name => Kinds.Select(kind => (name, kind)))];

    [Fact]
    public async Task Every_step_stands_in_this_test()
    {
        await using var scene = await FateScene.OpenAsync();
        Assert.Equal(Names, ReceiveSteps.Of(Parts(scene)).Select(s => s.Name));
        Assert.Equal(Optional, ReceiveSteps.Of(Parts(scene)).Where(s => s.Fails == Fails.Skip).Select(s => s.Name));
        Assert.All(ReceiveSteps.Of(Parts(scene)), s => Assert.InRange(s.Budget, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_step_that_fails_does_what_it_declares(string name, string kind)
    {
        await using var scene = await FateScene.OpenAsync();
        var parts = Parts(scene);
        var steps = ReceiveSteps.Of(parts).Select(s => s.Name == name ? s with { Work = new Throws(kind), Budget = TimeSpan.FromMilliseconds(20) } : s).ToList();
        var result = await RunAsync(parts, steps);
        var stored = (await scene.ReadAsync("alice", "INBOX")).Count;
        if (Optional.Contains(name))
        {
            Assert.Null(Assert.Single(result.Recipients));
            Assert.Equal(1, stored);
            return;
        }
        var reply = Assert.Single(result.Recipients)!.ToString();
        Assert.Equal(kind == "spool" ? "452 4.3.1 Cannot store mail now, try again later" : $"451 4.3.0 Internal fault, reference {result.Id}; try again later", reply);
        // What stands after the storing may bring a message twice, never lose it.
        Assert.Equal(name == "ProveFates" ? 1 : 0, stored);
        Assert.Equal(0, scene.Store.Store.Spool.InFlight);
    }

    [Fact]
    public async Task An_unreadable_spam_db_costs_nobody_his_mail_and_the_limits_still_hold()
    {
        await using var scene = await FateScene.OpenAsync();
        var file = RowFile.Open(Path.Combine(scene.Store.Folder, "spam.db"), scene.Store.Clock, NullLogger.Instance);
        var brake = await SendingBrake.OpenAsync(new() { MessagesPerHour = 2 }, scene.Store.Store, scene.Store.Clock, NullLogger.Instance, default);
        scene.Filters = scene.Filters with { Correspondents = new(file, scene.Store.Clock), Sending = brake };
        file.Dispose();
        var replies = new List<string?>();
        for (var i = 0; i < 3; i++) replies.Add((await SubmitAsync(scene)).Recipients[0]?.ToString());
        Assert.Equal([null, null, "450 4.7.1 Your account has sent too many messages this hour, try again later"], replies);
        Assert.Null(brake.HoldReason(scene.AccountOf("alice")));
    }

    private static async Task<ReceiveResult> SubmitAsync(FateScene scene)
    {
        var parts = Parts(scene);
        var origin = new WireOrigin(ListenerKind.Submission, new(IPAddress.Parse("192.0.2.7"), 1234), new(IPAddress.Loopback, 25));
        var alice = new Principal(scene.AccountOf("alice").Value, "alice@example.org");
        var receiving = new Receiving(new(parts, ReceiveSteps.Of(parts)), new(new("s1", origin, "client", "ESMTPSA", null, alice),
            new(Addresses.Of("alice@example.org")), new(null, BodyType.SevenBit, false, null, null, null)));
        Assert.Null(await receiving.AddAsync(new(Addresses.Of("dan@elsewhere.example"), null, null), default));
        var body = receiving.BeginBody();
        body.Write("From: alice@example.org\r\n\r\nhello\r\n"u8);
        return await receiving.FinishAsync(body, default);
    }

    private static async Task<ReceiveResult> RunAsync(ReceiveParts parts, IReadOnlyList<ReceiveStep> steps)
    {
        var origin = new WireOrigin(ListenerKind.Smtp, new(IPAddress.Parse("192.0.2.7"), 1234), new(IPAddress.Loopback, 25));
        var receiving = new Receiving(new(parts, steps), new(new("s1", origin, "client", "ESMTP", null, null),
            new(Addresses.Of("x@sender.example")), new(null, BodyType.SevenBit, false, null, null, null)));
        Assert.Null(await receiving.AddAsync(new(Addresses.Of("alice@example.org"), null, null), default));
        var body = receiving.BeginBody();
        body.Write(Encoding.ASCII.GetBytes("From: x@sender.example\r\n\r\nhello\r\n"));
        return await receiving.FinishAsync(body, default);
    }

    private static ReceiveParts Parts(FateScene scene) => new(new() { HostName = "mail.example.org" }, scene.Accounts, scene.Store.Store, new(),
        new Router([]), new(scene.Store.Clock), scene.Store.Clock, NullLogger.Instance)
    { Filters = scene.Filters, Queued = () => { } };

    private sealed class Throws(string kind) : IReceiveStep
    {
        public async ValueTask<Refusal?> RunAsync(ReceiveContext context, CancellationToken cancel)
        {
            if (kind == "budget") await Task.Delay(Timeout.Infinite, cancel);
            throw kind switch
            {
                "io" => new IOException("the disk is on fire"),
                "disposed" => new ObjectDisposedException("spam.db"),
                "memory" => new InsufficientMemoryException("no memory"),
                "spool" => new SpoolFullException(),
                _ => new InvalidOperationException("a fault"),
            };
        }
    }
}
