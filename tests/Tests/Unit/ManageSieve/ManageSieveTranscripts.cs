using Aviso.Tests.Unit.Lines;
using Xunit;

namespace Aviso.Tests.Unit.ManageSieve;

/// <summary>Runs Transcripts/ManageSieve/*.txt in every cut; see <see cref="LineTranscripts"/>.</summary>
public sealed class ManageSieveTranscripts
{
    private static readonly LineTranscripts Scripts = new("ManageSieve");

    public static TheoryData<string, Cut> Cases() => Scripts.Cases();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Transcript_runs(string name, Cut cut)
    {
        await using var host = await ManageSieveHost.StartAsync();
        await using var pair = ManageSieveHost.Connect(cleartext: name != "clear", tls: name == "clear");
        await Scripts.PlayAsync(name, cut, pair, () => host.Server.RunAsync(pair.Server));
    }
}
