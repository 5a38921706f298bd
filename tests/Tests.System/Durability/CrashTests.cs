using Xunit;

namespace Aviso.Tests.System.Durability;

/// <summary>kill -9 at random moments under load: nothing acknowledged is lost, nothing is doubled.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly string[] Users = ["alice@example.test", "bob@example.test"];

    [Fact]
    [Trait("long", "crash")]
    public async Task Nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed()
    {
        var rounds = Rounds(50);
        var chance = new Random(1047);
        var acknowledged = 0;
        // A new store every 50 rounds keeps the comparison, which reads everything, from growing with the square.
        for (var done = 0; done < rounds; done += 50)
            acknowledged += await KillAsync(Math.Min(50, rounds - done), done, chance);
        output.WriteLine($"{rounds} kills, {acknowledged} acknowledged messages, all there once");
        Assert.True(acknowledged > rounds, "the load did not get anything stored");
    }

    private static async Task<int> KillAsync(int rounds, int seed, Random chance)
    {
        await using var server = await AvisoServer.StartAsync();
        var ledger = new Ledger();
        for (var round = 0; round < rounds; round++)
        {
            if (round > 0) await server.StartAgainAsync();
            var load = new MailLoad(server, ledger, seed + round);
            var before = ledger.Acknowledged;
            var working = load.RunAsync(senders: 4, readers: 2);
            // Every second kill falls into work that has begun, however slow the machine; the others fall anywhere, the start included.
            if (round % 2 == 0) await Patience.UntilAsync(() => ledger.Acknowledged > before, "the load gets something stored", 60);
            await Task.Delay(chance.Next(30, 500));
            await server.KillAsync();
            load.Stop();
            await working;

            (await server.VerbAsync("store", "check")).MustSucceed();
            await server.StartAgainAsync();
            ledger.Compare(Users.SelectMany(user => Ledger.Stored(server.Port("imap"), user, AvisoServer.Password)));
            await server.KillAsync();
        }
        return ledger.Acknowledged;
    }

    /// <summary>The number in AVISO_ROUNDS, or that of the CI run.</summary>
    internal static int Rounds(int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable("AVISO_ROUNDS"), out var rounds) ? rounds : usual;
}
