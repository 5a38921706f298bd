using System.Text;
using Xunit;

namespace Aviso.Tests.Oracles;

/// <summary>MimeKit as a second opinion: about every message of the suites and about thousands made by chance. Where the two differ, differences.txt
/// says who is right.</summary>
public sealed class MimeOracleTests
{
    private static readonly string[] Folders = ["mime-corpus", "dkim", "bounces", "mail-auth-rspamd", "reports", "authentication-results", "imap-structure"];

    [Fact]
    public void Every_message_of_the_suites_is_read_as_another_reads_it()
    {
        var root = Path.GetDirectoryName(Suites.Find(Folders[0]))!;
        var differences = new Differences(Folders);
        var read = 0;
        foreach (var file in Files())
        {
            if (MessageView.Theirs(Message(file)) is not { } theirs) continue;
            read++;
            Compare(differences, Path.GetRelativePath(root, file), MessageView.Ours(Message(file)), theirs);
        }
        Assert.True(read > 700);
        differences.MustBeArgued();
    }

    [Fact]
    public void Messages_made_by_chance_are_read_as_another_reads_them()
    {
        var differences = new Differences();
        for (var seed = 0; seed < 5_000; seed++)
        {
            var message = new MadeMessage(seed).Write();
            Compare(differences, $"made {seed}", MessageView.Ours(message), MessageView.Theirs(message)!);
        }
        differences.MustBeArgued();
    }

    /// <summary>ENVELOPE and BODYSTRUCTURE as a client reads them.</summary>
    [Fact]
    public void The_structure_of_every_message_of_the_suites_is_what_another_sees()
    {
        var root = Path.GetDirectoryName(Suites.Find(Folders[0]))!;
        var differences = Differences.In("structure-differences.txt", Folders);
        var read = 0;
        foreach (var file in Files())
        {
            if (StructureView.Theirs(Message(file)) is not { } theirs) continue;
            read++;
            Compare(differences, Path.GetRelativePath(root, file), StructureView.Ours(Message(file)), theirs);
        }
        Assert.True(read > 700);
        differences.MustBeArgued();
    }

    [Fact]
    public void The_structure_of_messages_made_by_chance_is_what_another_sees()
    {
        var differences = Differences.In("structure-differences.txt");
        for (var seed = 0; seed < 5_000; seed++)
        {
            var message = new MadeMessage(seed).Write();
            Compare(differences, $"made {seed}", StructureView.Ours(message), StructureView.Theirs(message)!);
        }
        differences.MustBeArgued();
    }

    private static IEnumerable<string> Files() => Folders
        .SelectMany(f => Directory.EnumerateFiles(Suites.Find(f), "*", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)
        .Where(f => Path.GetExtension(f) is ".eml" or ".txt" or ".msg");

    private static void Compare(Differences differences, string name, SortedDictionary<string, string> ours, SortedDictionary<string, string> theirs)
    {
        foreach (var field in ours.Keys.Union(theirs.Keys))
        {
            var (a, b) = (ours.GetValueOrDefault(field, "(none)"), theirs.GetValueOrDefault(field, "(none)"));
            if (a != b) differences.Add(name, field, a, b);
        }
    }

    // As the wire carries it: CRLF, and without the line that an mbox puts before.
    private static byte[] Message(string file)
    {
        var octets = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(File.ReadAllBytes(file)).ReplaceLineEndings("\r\n"));
        return octets.AsSpan().StartsWith("From "u8) ? octets[(octets.AsSpan().IndexOf((byte)'\n') + 1)..] : octets;
    }
}
