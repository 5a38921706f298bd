using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Sieve;
using BenchmarkDotNet.Attributes;

namespace Aviso.Bench;

/// <summary>A script of 200 rules over an ordinary message of 4 KiB that none of them is about, so that every rule is looked at.</summary>
[MemoryDiagnoser]
public class SieveBench
{
    private readonly string _text = "require [\"fileinto\", \"variables\", \"imap4flags\", \"regex\", \"subaddress\"];\n"
        + string.Concat(Enumerable.Range(0, 50).Select(i =>
        $"if header :contains [\"subject\", \"list-id\"] [\"project-{i}\", \"team-{i}\"] {{ fileinto \"Lists/{i}\"; stop; }}\n"
        + $"if address :is [\"from\", \"sender\"] \"person{i}@example.org\" {{ addflag \"\\\\Flagged\"; }}\n"
        + $"if allof (header :matches \"subject\" \"[ticket-{i}] *\", size :over 1K) {{ fileinto \"Tickets/${{1}}\"; stop; }}\n"
        + $"if anyof (address :domain \"from\" \"shop{i}.example\", header :regex \"subject\" \"order [0-9]+-{i}$\") {{ fileinto \"Shops\"; stop; }}\n"));

    private readonly SieveMessage _message;
    private readonly SieveScript _script;

    public SieveBench()
    {
        var octets = Encoding.ASCII.GetBytes(
            "Received: from mail.example.net (mail.example.net [192.0.2.1]) by mx.example.test; Sat, 01 Mar 2025 10:00:00 +0000\r\n"
            + "From: \"Alice Example\" <alice@example.test>\r\nTo: Bob <bob@example.test>, carol@example.test\r\nSubject: =?utf-8?q?caf=C3=A9?= tomorrow\r\n"
            + "Date: Sat, 01 Mar 2025 10:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nList-Id: <friends.example.test>\r\n\r\n"
            + string.Concat(Enumerable.Repeat("a line of text that goes on for a while and then ends\r\n", 70)));
        var body = new BodySpool(Path.GetTempPath(), 1L << 30).Begin();
        body.Write(octets);
        var scanner = new MimeScanner();
        scanner.Append(octets);
        _message = new(body, scanner.Finish(), "alice@example.test", "bob@example.test");
        _script = SieveCompiler.Compile(_text).Script!;
    }

    [Benchmark]
    public SieveOutcome Run200Rules() => SieveRunner.RunAsync([_script], _message, Nobody.Host, null, default).GetAwaiter().GetResult();

    [Benchmark]
    public SieveCompilation Compile200Rules() => SieveCompiler.Compile(_text);

    private sealed class Nobody : ISieveHost
    {
        public static readonly Nobody Host = new();

        public ValueTask<bool> MailboxExistsAsync(string mailbox, CancellationToken cancel) => new(true);

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
