using Aviso.Imap;
using Aviso.Tests.Unit.Lines;
using Xunit;

namespace Aviso.Tests.Unit.Imap;

/// <summary>Runs Transcripts/Imap/*.txt in every cut; see <see cref="LineTranscripts"/>.</summary>
public sealed class ImapTranscripts
{
    private static readonly LineTranscripts Scripts = new("Imap");

    // Said, but never granted: quotas are the administrator's (RFC 9208 §4.1.3 lets a server refuse), accounts here have none to tell of,
    // and STARTTLS needs a client that goes on under TLS (LoginTests).
    private static readonly string[] NeverOk = ["SETQUOTA", "GETQUOTA", "STARTTLS"];

    public static TheoryData<string, Cut> Cases() => Scripts.Cases();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Transcript_runs(string name, Cut cut)
    {
        await using var host = await ImapHost.StartAsync(options => name.StartsWith("jmap", StringComparison.Ordinal)
            ? options with { JmapSession = "https://mail.example.test/jmap/session" } : options);
        foreach (var message in Scripts.Messages(name)) await host.DeliverAsync(message);
        await using var pair = host.Connect(cleartext: name != "clear");
        await Scripts.PlayAsync(name, cut, pair, () => host.Server.RunAsync(pair.Server));
    }

    [Fact]
    public void Every_command_of_the_table_is_answered_OK_in_a_transcript()
    {
        var answered = Scripts.Names.SelectMany(Scripts.Answered).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(CommandTable.All.SelectMany(command => command.HasUid ? [command.Name, "UID " + command.Name] : new[] { command.Name })
            .Except(NeverOk).Where(command => !answered.Contains(command)));
        var said = Scripts.Names.SelectMany(name => Scripts.Lines(name, "C: ")).Select(line => line.Split(' '))
            .Where(words => words.Length > 1).Select(words => words[1]).ToHashSet();
        Assert.Empty(NeverOk.Except(said));
    }
}
