using System.Text;
using Aviso.Sieve;
using Aviso.Tests.Unit.Sieve;
using Xunit;

namespace Aviso.Tests.Fuzz;

/// <summary>Whatever a script is: compiling ends with a script or with errors, and a run keeps its limits and ends with an
/// outcome.</summary>
public sealed class SieveFuzz
{
    private static readonly SieveLimits Small = SieveLimits.Default with { Steps = 20_000, MatchWork = 1_000_000, Regex = TimeSpan.FromMilliseconds(200) };

    [Fact]
    public void Scripts_compile_or_say_why_and_runs_end()
    {
        using var message =
            SieveTests.Message(
            "From: a@example.org\r\nTo: b@example.com\r\nSubject: =?utf-8?q?x?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n");
        var folder = Path.Combine(AppContext.BaseDirectory, "Transcripts", "Sieve");
        var seeds = Directory.EnumerateFiles(folder, "*.s*", SearchOption.AllDirectories)
            .Select(f => File.ReadAllText(f).Replace("\"vnd.dovecot.testsuite\"", "\"copy\"", StringComparison.Ordinal))
            .Append("require [\"editheader\", \"enotify\", \"variables\", \"regex\"]; set \"a\" \"${1}\"; if header :regex \"subject\" \"(x|y)*[a-z]\" { addheader \"A\" \"${0}\"; } notify \"mailto:a@b.example?x=y\"; deleteheader :matches \"a\" \"*\"; discard;")
            .Append("require [\"foreverypart\", \"mime\", \"replace\", \"enclose\"]; foreverypart { if header :mime \"content-type\" \"x\" { break; } replace \"gone\"; } enclose :subject \"s\" \"text\"; redirect \"a@b.example\";")
            .Select(Encoding.UTF8.GetBytes).ToList();
        Mutator.Run(seeds, 150, input =>
        {
            var compiled = SieveCompiler.Compile(Encoding.UTF8.GetString(input));
            Assert.Equal(compiled.Script is null, compiled.Errors.Count > 0);
            if (compiled.Script is null) return;
            var run = SieveRunner.RunAsync([compiled.Script], message.Value, new NobodyHost(), Small, default);
            Assert.True(run.IsCompletedSuccessfully);
            Assert.NotEmpty(run.Result.Actions);
            Assert.DoesNotContain("the server could not go on", run.Result.Error ?? "", StringComparison.Ordinal);
        });
    }
}
