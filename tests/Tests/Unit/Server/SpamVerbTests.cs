using System.Text.Json.Nodes;
using Aviso.Store;
using Aviso.Tests.Unit.Spam.Learning;
using Aviso.Verbs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>The spam verbs without a running server.</summary>
public sealed class SpamVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-spam-verbs-").FullName;

    public SpamVerbTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        File.WriteAllText(Config, """
            hostname: mail.example.test
            data: data
            listeners: [ { kind: metrics, address: "127.0.0.1:0" } ]
            domains: [ { name: example.test } ]
            accounts: [ { address: alice@example.test, password: "literal:correct horse" } ]
            """);
    }

    private string Config => Path.Combine(_folder, "aviso.yaml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Scan_prints_one_object_a_line()
    {
        var (one, two) = (Write("a.eml", Letters.Ham(1)), Write("b.eml", Letters.Spam(1)));
        var (status, output, _) = await Run("scan", "--json", one, two);
        Assert.Equal(0, status);
        var lines = output.Trim().Split('\n').Select(l => JsonNode.Parse(l)!).ToList();
        Assert.Equal([one, two], lines.Select(l => l["file"]!.GetValue<string>()));
        Assert.All(lines, l =>
            Assert.Equal(l["score"]!.GetValue<double>(), l["symbols"]!.AsArray().Sum(s => s!["score"]!.GetValue<double>()), 2));
        Assert.All(lines, l => Assert.Contains(l["action"]!.GetValue<string>(), (string[])["accept", "tag", "reject", "greylist"]));
    }

    [Fact]
    public async Task Messages_of_an_mbox_a_maildir_and_a_folder_are_learned_once_and_then_known()
    {
        var mbox = Write("junk.mbox", string.Concat(
            Enumerable.Range(0, 40).Select(n => $"From x@y Mon Jun  1 10:00:00 2026\n{Letters.Spam(n)}>From the casino\n\n")));
        Directory.CreateDirectory(Path.Combine(_folder, "Maildir", "cur"));
        Directory.CreateDirectory(Path.Combine(_folder, "Maildir", "tmp"));
        Write("Maildir/tmp/half", Letters.Ham(9));
        for (var n = 0; n < 40; n++) Write($"Maildir/cur/{n}:2,S", Letters.Ham(n));
        Assert.Equal((0, "40 messages: 40 learned\n"), await Output("learn", "--as", "spam", mbox));
        Assert.Equal((0, "40 messages: 40 learned\n"), await Output("learn", "--as", "ham", Path.Combine(_folder, "Maildir")));
        Assert.Equal((0, "40 messages: 40 known\n"), await Output("learn", "--as", "spam", mbox));

        var (_, explained, _) = await Run("explain", Write("new.eml", Letters.Spam(999)));
        Assert.Contains("BAYES_SPAM: ", explained, StringComparison.Ordinal);
        Assert.Equal((0, "40 messages: 40 forgotten\n"), await Output("learn", "--as", "nothing", mbox));
        Assert.DoesNotContain("BAYES", (await Run("explain", Path.Combine(_folder, "new.eml"))).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_learned_and_cannot_be_read_costs_no_verdict()
    {
        File.WriteAllText(Path.Combine(_folder, "data", "spam.db"), new string('x', 5000));
        Assert.Equal(0, (await Run("scan", Write("a.eml", Letters.Ham(1)))).Status);
        Assert.Single(Directory.GetFiles(Path.Combine(_folder, "data"), "spam.db.damaged-*"));
    }

    [Theory]
    [InlineData("`nobody at home` is no address of a sender", "--ip", "192.0.2.7", "--from", "nobody at home")]
    [InlineData("`far.net` is no address of a client", "--ip", "far.net", "--from", "a@far.net")]
    [InlineData("--helo and --from go with --ip", "--from", "a@far.net")]
    [InlineData("only be judged by the running server", "--ip", "192.0.2.7", "--from", "<>")]
    public async Task A_sender_that_cannot_be_read_is_said_and_not_taken_for_none(string said, params string[] options)
    {
        var (status, _, errors) = await Run(["scan", .. options, Write("a.eml", Letters.Ham(1))]);
        Assert.Equal(1, status);
        Assert.Contains(said, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named_and_the_others_are_judged()
    {
        var (status, output, errors) = await Run("scan", Path.Combine(_folder, "missing"), Write("a.eml", Letters.Ham(1)));
        Assert.Equal(1, status);
        Assert.Contains("a.eml: ", output, StringComparison.Ordinal);
        Assert.Contains("missing", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_learned_file_has_one_version()
    {
        using var file = RowFile.Open(Path.Combine(_folder, "x.db"), TimeProvider.System, NullLogger.Instance);
        Assert.Null(file.MovedTo);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private async Task<(int, string)> Output(params string[] args)
    {
        var (status, output, _) = await Run(args);
        return (status, output);
    }

    private async Task<(int Status, string Output, string Errors)> Run(params string[] args)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var status = await CommandTree.RunAsync(["spam", .. args, "--config", Config], output, errors, CancellationToken.None);
        return (status, output.ToString(), errors.ToString());
    }
}
