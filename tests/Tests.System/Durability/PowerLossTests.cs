using Xunit;

namespace Aviso.Tests.System.Durability;

/// <summary>
/// Power cuts. kill -9 leaves the page cache, so it proves nothing about syncing: here everything the server does to its disk is
/// recorded under load, the disk is rebuilt as it may look at random moments, and the server must come up on each with all that
/// was acknowledged before that moment.
/// </summary>
public sealed class PowerLossTests(ITestOutputHelper output)
{
    private static readonly string[] Users = ["alice@example.test", "bob@example.test"];

    [Fact]
    [Trait("long", "powerloss")]
    public async Task Everything_acknowledged_before_a_power_cut_is_there_after_it()
    {
        var cuts = CrashTests.Rounds(50);
        var work = Directory.CreateTempSubdirectory("aviso-power-").FullName;
        try
        {
            var recorder = await BuildRecorderAsync(work);
            var ledger = new Ledger();
            var disk = await RecordAsync(recorder, work, ledger);
            Assert.True(ledger.Acknowledged > 100, "the load did not get enough stored to prove anything");
            var syncs = disk.Records.Count(record => record.Kind == DiskEvent.SyncEnd);
            Assert.True(syncs > 20, $"only {syncs} syncs were recorded: the recorder is blind");
            output.WriteLine($"{disk.Records.Count} disk events, {syncs} syncs, {ledger.Acknowledged} acknowledged messages");

            var chance = new Random(5321);
            for (var i = 0; i < cuts; i++)
            {
                var cut = chance.Next(1, disk.Records.Count);
                var folder = Path.Combine(work, $"cut-{i}");
                disk.Rebuild(cut, new Random(i), folder);
                await CompareAsync(folder, ledger, disk.Records[cut].Time, $"cut {i} before disk event {cut}");
                Directory.Delete(folder, recursive: true);
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task<string> BuildRecorderAsync(string work)
    {
        var library = Path.Combine(work, "recorder.so");
        var source = Path.Combine(AppContext.BaseDirectory, "Durability", "recorder.c");
        (await Tool.RunAsync(
            Tool.Find("gcc", "gcc"), ["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"])).MustSucceed();
        return library;
    }

    private static async Task<RecordedDisk> RecordAsync(string recorder, string work, Ledger ledger)
    {
        var data = Path.Combine(work, "data");
        var log = Path.Combine(work, "disk.log");
        await using var server = await AvisoServer.StartAsync(dataFolder: data, environment: new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = recorder,
            ["AVISO_RECORD_ROOT"] = data,
            ["AVISO_RECORD_LOG"] = log,
        });
        var load = new MailLoad(server, ledger, seed: 7);
        var working = load.RunAsync(senders: 3, readers: 2);
        await Task.Delay(3_000);
        await server.KillAsync();
        load.Stop();
        await working;
        return RecordedDisk.Load(log, data);
    }

    private static async Task CompareAsync(string folder, Ledger ledger, long until, string what)
    {
        await using var server = await AvisoServer.StartAsync(dataFolder: folder);
        try
        {
            ledger.Compare(Users.SelectMany(user => Ledger.Stored(server.Port("imap"), user, AvisoServer.Password)), until);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{what}: {e.Message}\n{server.Log}", e);
        }
        await server.KillAsync();
        var check = await server.VerbAsync("store", "check");
        Assert.True(check.ExitCode == 0, $"{what}: {check.Output}\n{check.Error}");
    }
}
