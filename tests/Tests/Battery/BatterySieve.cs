using Aviso.Base;
using Aviso.Mime;
using Aviso.Sieve;

namespace Aviso.Tests.Battery;

/// <summary>Runs a script over a message with a host that knows nothing.</summary>
internal static class BatterySieve
{
    public static SieveOutcome Run(SieveScript script, byte[] message)
    {
        using var body = new BodySpool(Path.GetTempPath(), long.MaxValue).Begin();
        body.Write(message);
        var scanner = new MimeScanner();
        scanner.Append(message);
        return SieveRunner.RunAsync([script], new(body, scanner.Finish(), "a@one.example", "b@two.example"), new Nobody(), null, default)
            .GetAwaiter().GetResult();
    }

    private sealed class Nobody : ISieveHost
    {
        public ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel) => new(false);

        public ValueTask<bool> MailboxIdExistsAsync(string id, CancellationToken cancel) => new(false);

        public ValueTask<bool> HasSpecialUseAsync(string? mailbox, string attribute, CancellationToken cancel) => new(false);

        public ValueTask<string?> MetadataAsync(string? mailbox, string annotation, CancellationToken cancel) => new((string?)null);

        public ValueTask<SieveCompilation?> ScriptAsync(string name, bool global, CancellationToken cancel) => new((SieveCompilation?)null);

        public ValueTask<bool> WasSeenAsync(string key, CancellationToken cancel) => new(false);

        public ValueTask<IReadOnlyList<string>?> ListMembersAsync(string list, CancellationToken cancel) =>
            new((IReadOnlyList<string>?)null);

        public ValueTask<bool?> IsInListAsync(string list, string value, CancellationToken cancel) => new((bool?)null);

        public ValueTask<string?> EnvironmentAsync(string item, CancellationToken cancel) => new((string?)null);

        public ValueTask<double?> SpamPercentAsync(CancellationToken cancel) => new((double?)null);

        public ValueTask<int> VirusVerdictAsync(CancellationToken cancel) => new(0);
    }
}
