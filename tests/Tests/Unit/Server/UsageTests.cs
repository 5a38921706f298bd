using System.CommandLine;
using Aviso.Verbs;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>A mistyped option is wrong usage, never the name of something.</summary>
public static class UsageTests
{
    [Theory]
    [InlineData("queue", "drop", "--al")]
    [InlineData("queue", "hold", "--all")]
    [InlineData("account", "remove", "alice@example.org", "--prge")]
    [InlineData("account", "remove", "--purg", "alice@example.org")]
    [InlineData("dkim", "rotate", "--dry")]
    [InlineData("spam", "explain", "--jsn")]
    [InlineData("spam", "explain", "--typo", "mail.eml")]
    [InlineData("alias", "add", "info@example.org", "--to", "alice@example.org")]
    [InlineData("decisions", "delete", "-ip", "--al")]
    [InlineData("sieve", "check", "-typo")]
    public static async Task A_slip_is_usage(params string[] args)
    {
        var errors = new StringWriter();
        Assert.Equal(ExitStatus.Usage, await CommandTree.RunAsync(args, TextWriter.Null, errors, default));
        Assert.Contains("aviso: ", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public static async Task The_message_says_what_was_meant()
    {
        var errors = new StringWriter();
        await CommandTree.RunAsync(["account", "remove", "alice@example.org", "--prge"], TextWriter.Null, errors, default);
        Assert.Contains("`--prge` is no option of `aviso account remove`, did you mean `--purge`?", errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--from", "/mnt/backup")]
    [InlineData("--key", "env:KEY")]
    [InlineData("--into", "/srv/mail")]
    [InlineData("--new-uidvalidity")]
    [InlineData("--region", "eu")]
    public static async Task What_is_only_for_a_whole_restore_is_not_passed_over_for_one_account(params string[] args)
    {
        var errors = new StringWriter();
        string[] restore = ["backup", "restore", "--yes", "--account", "alice@example.org", .. args];
        Assert.Equal(ExitStatus.Usage, await CommandTree.RunAsync(restore, TextWriter.Null, errors, default));
        Assert.Contains($"{args[0]} cannot be said with --account", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public static async Task No_verb_takes_a_slip_for_a_name()
    {
        var found = 0;
        foreach (var path in Leaves([], CommandTree.Build()))
        {
            var arguments = path.Verb.Arguments.SelectMany(a => Enumerable.Repeat("x", Math.Max(0, a.Arity.MinimumNumberOfValues - 1)));
            var errors = new StringWriter();
            Assert.Equal(ExitStatus.Usage, await CommandTree.RunAsync([.. path.Words, "--not-an-option", .. arguments], TextWriter.Null, errors, default));
            found++;
        }
        Assert.True(found > 50);
    }

    [Fact]
    public static async Task What_is_really_called_so_stands_after_two_dashes()
    {
        var errors = new StringWriter();
        var config = Path.Combine(Path.GetTempPath(), $"aviso-none-{Guid.NewGuid():n}.yaml");
        var status = await CommandTree.RunAsync(["account", "remove", "--config", config, "--", "--odd@example.org"], TextWriter.Null, errors, default);
        Assert.Equal(ExitStatus.CouldNotRun, status);
    }

    private static IEnumerable<(string[] Words, Command Verb)> Leaves(string[] words, Command verb) => verb.Subcommands.Count == 0 ? [(words, verb)]
        : verb.Subcommands.SelectMany(v => Leaves([.. words, v.Name], v));
}
