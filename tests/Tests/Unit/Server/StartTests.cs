using Aviso.Net;
using Aviso.Server;
using Aviso.Tests.Unit.Net;
using Aviso.Verbs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Server;

/// <summary>Whatever is wrong with the machine, a start ends in a server or in a sentence.</summary>
public sealed class StartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-start-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(-90.0 / 1440)]
    [InlineData(-730)]
    [InlineData(-20000)]
    public void A_clock_behind_the_authority_keeps_its_leaf_and_can_make_another(double days)
    {
        string[] names = ["example.test", "localhost"];
        var (clock, now) = (new ManualClock(), DateTimeOffset.Parse("2026-11-29T12:00:00Z", System.Globalization.CultureInfo.InvariantCulture));
        clock.Advance(now - clock.GetUtcNow());
        var first = new LocalCertificateAuthority(_folder, clock);
        var leaf = first.Leaf("server", names, []).Read().Certificates;
        var behind = new ManualClock();
        behind.Advance(now.AddDays(days) - behind.GetUtcNow());
        var again = new LocalCertificateAuthority(_folder, behind);
        Assert.Equal(first.Root.Thumbprint, again.Root.Thumbprint);
        Assert.Equal(leaf, again.Leaf("server", names, []).Read().Certificates);
        var other = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(again.Leaf("other", ["other.test"], []).Read().Certificates);
        Assert.Equal(first.Root.NotBefore, other.NotBefore);
        Assert.True(other.NotAfter > other.NotBefore.AddDays(300));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_start_that_fails_ends_in_one_sentence_and_status_3(bool isKnown)
    {
        var errors = new StringWriter();
        var local = new LocalMode(Path.Combine(_folder, "local"), 0, FreePorts: true);
        Assert.Empty(local.Load().Problems);
        // A folder where a file ought to be, or what nobody thought of.
        if (isKnown) Directory.CreateDirectory(Path.Combine(_folder, "local", "store.db"));
        var clock = isKnown ? TimeProvider.System : new BrokenClock();
        var status = await new Serve(new("", local, null), TextWriter.Null, errors, Stream.Null, clock).RunAsync(default).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(ExitStatus.CouldNotRun, status);
        var line = Assert.Single(errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("aviso: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
    }

    /// <summary>Any fault of ours will do; it comes when some parts are open.</summary>
    private sealed class BrokenClock : TimeProvider
    {
        private int _asked;

        public override DateTimeOffset GetUtcNow() =>
            Interlocked.Increment(ref _asked) > 4 ? throw new InvalidCastException("a fault\nof two lines") : base.GetUtcNow();
    }

    [Fact]
    public void What_others_could_read_of_the_data_folder_is_shut()
    {
        if (OperatingSystem.IsWindows()) return;
        var (open, below) = (Path.Combine(_folder, "store.db"), Path.Combine(_folder, "segments"));
        File.WriteAllText(open, "");
        Directory.CreateDirectory(below);
        File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.SetUnixFileMode(below, (UnixFileMode)0b111_101_101);
        DataFolder.Make(_folder);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(open));
        const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal((All, All), (File.GetUnixFileMode(below), File.GetUnixFileMode(_folder)));
    }

    [Fact]
    public void Parts_that_are_needed_and_not_there_are_named()
    {
        var site = new Site(SettingsText.Parse(SettingsText.Good).Settings!, NullLoggerFactory.Instance, TimeProvider.System);
        Assert.Contains("MetricsRegistry", Assert.Throws<InvalidOperationException>(site.The<Aviso.Web.MetricsRegistry>).Message, StringComparison.Ordinal);
    }
}
