using Aviso.Base;
using Aviso.Mime;
using Aviso.Sieve;
using Aviso.Tests.Unit.Sieve;

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
        var given = new SieveMessage(body, scanner.Finish(), "a@one.example", "b@two.example");
        return SieveRunner.RunAsync([script], given, new NobodyHost(), null, default).GetAwaiter().GetResult();
    }
}
