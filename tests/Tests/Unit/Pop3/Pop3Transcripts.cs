using Aviso.Tests.Unit.Lines;
using Xunit;

namespace Aviso.Tests.Unit.Pop3;

/// <summary>Runs Transcripts/Pop3/*.txt in every cut; see <see cref="LineTranscripts"/>.</summary>
public sealed class Pop3Transcripts
{
    private static readonly LineTranscripts Scripts = new("Pop3");

    public static TheoryData<string, Cut> Cases() => Scripts.Cases();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Transcript_runs(string name, Cut cut)
    {
        await using var host = await Pop3Host.StartAsync(Scripts.Messages(name));
        await using var pair = Pop3Host.Connect(cleartext: name != "clear", tls: name == "clear");
        await Scripts.PlayAsync(name, cut, pair, () => host.Server.RunAsync(pair.Server));
    }
}
