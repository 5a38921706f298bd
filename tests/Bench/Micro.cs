using System.Net;
using System.Text;
using Aviso.Accounts;
using Aviso.Base;
using Aviso.Delivery;
using Aviso.Dns;
using Aviso.Guard;
using Aviso.MailAuth;
using Aviso.Mime;
using Aviso.Net;
using Aviso.Store;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Aviso.Bench;

/// <summary>Single pieces of the hot path.</summary>
internal static class Micro
{
    public static void Run(string[] args) => BenchmarkSwitcher.FromTypes(
        [typeof(MimeBench), typeof(LoginBench), typeof(AddressBench), typeof(StoreBench), typeof(SignatureBench), typeof(AcceptBench),
            typeof(SieveBench), typeof(JmapBench)]).Run(
        args.Length == 0 ? ["--filter", "*"] : args,
        DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)));
}

/// <summary>An ordinary message of two parts and 4 KiB.</summary>
[MemoryDiagnoser]
public class MimeBench
{
    private readonly byte[] _message = Encoding.ASCII.GetBytes(
        "From: \"Alice Example\" <alice@example.test>\r\nTo: Bob <bob@example.test>, carol@example.test\r\nSubject: =?utf-8?q?caf=C3=A9?= tomorrow\r\n"
        + "Date: Sat, 01 Mar 2025 10:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nMIME-Version: 1.0\r\n"
        + "Content-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + string.Concat(Enumerable.Repeat("a line of text that goes on for a while and then ends\r\n", 35))
        + "--b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            + string.Concat(Enumerable.Repeat("<p>a line of text that goes on</p>\r\n", 50)) + "--b1--\r\n");

    [Benchmark]
    public MimePart Scan()
    {
        var scanner = new MimeScanner();
        scanner.Append(_message);
        return scanner.Finish();
    }

    [Benchmark]
    public byte[] ScanAndWriteBodyStructure() => ImapStructure.BodyStructure(Scan(), utf8: false);

    [Benchmark]
    public byte[] Envelope() => ImapStructure.Envelope(_message.AsSpan(0, _message.AsSpan().IndexOf("\r\n\r\n"u8) + 4), utf8: false);
}

/// <summary>DKIM over a message of 4 KiB; the keys are known already, as those of most senders are.</summary>
[MemoryDiagnoser]
public class SignatureBench
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    private readonly DkimKey _rsa = DkimKey.Generate("example.test", "rsa", DkimAlgorithm.RsaSha256);
    private readonly DkimKey _ed25519 = DkimKey.Generate("example.test", "ed", DkimAlgorithm.Ed25519Sha256);
    private readonly BodySpool _spool = new(Path.GetTempPath(), 1 << 24);
    private readonly SpooledBody _message;
    private readonly SpooledBody _signedRsa;
    private readonly SpooledBody _signedEd25519;
    private readonly DkimArcVerifier _verifier;

    public SignatureBench()
    {
        var text = Encoding.ASCII.GetBytes(
            "Received: from mail.example.test by mx.example.test; Sat, 01 Mar 2025 10:00:01 +0000\r\n"
            + "From: Alice <alice@example.test>\r\nTo: Bob <bob@example.test>\r\nSubject: tomorrow\r\nDate: Sat, 01 Mar 2025 10:00:00 +0000\r\n"
            + "Message-ID: <1@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            + string.Concat(Enumerable.Repeat("a line of text that goes on for a while and then ends\r\n", 68)));
        _message = Body(text);
        _signedRsa = Body([.. SignRsa(), .. text]);
        _signedEd25519 = Body([.. SignEd25519(), .. text]);
        _verifier = new(new FakeZone().Txt(_rsa.DnsName, [.. _rsa.DnsStrings()]).Txt(_ed25519.DnsName, _ed25519.DnsRecord()), new(),
            TimeProvider.System);
    }

    [Benchmark]
    public SignatureVerdicts Unsigned() => Verify(_message);

    [Benchmark]
    public SignatureVerdicts VerifyRsa() => Verify(_signedRsa);

    [Benchmark]
    public SignatureVerdicts VerifyEd25519() => Verify(_signedEd25519);

    [Benchmark]
    public byte[] SignRsa() => DkimSigner.Sign(_message, [_rsa], SignOptions.Default, Now);

    [Benchmark]
    public byte[] SignEd25519() => DkimSigner.Sign(_message, [_ed25519], SignOptions.Default, Now);

    // FakeZone answers at once, so nothing is waited for.
    private SignatureVerdicts Verify(SpooledBody body) => _verifier.VerifyAsync(body, default).AsTask().GetAwaiter().GetResult();

    private SpooledBody Body(byte[] octets)
    {
        var body = _spool.Begin();
        body.Write(octets);
        return body;
    }
}

/// <summary>What one password costs: why logins are cached.</summary>
public class LoginBench
{
    [Benchmark]
    public ScramRecord Derive() => ScramRecord.Derive("correct horse battery staple");

    [Benchmark]
    public bool NetworkContains() => Networks.Contains(System.Net.IPAddress.Loopback);

    private static readonly Networks Networks = Networks.Parse("10.0.0.0/8", "192.168.0.0/16", "127.0.0.0/8", "::1/128");
}

/// <summary>RCPT against 1,000 mailboxes, 1,000 aliases and a pattern.</summary>
[MemoryDiagnoser]
public class AddressBench
{
    private static readonly Source Here = new("bench");

    private readonly AddressTable _table = AddressTableBuilder.Build(
        [new("bench.test", null, null, Here)],
        Enumerable.Range(1, 1_000).Select(i => new TableAccount(new(i), $"user{i:000}@bench.test", Suspended: false, 0, [], Here)),
        Enumerable.Range(1, 1_000).Select(i => new DeclaredAlias($"alias{i:000}@bench.test", [$"user{i:000}@bench.test"], Here))
            .Append(new("sales-*@bench.test", ["user001@bench.test"], Here)),
        "user001@bench.test", Here).Table!;

    [Benchmark]
    public Resolution Mailbox() => _table.Resolve("user500", "bench.test");

    [Benchmark]
    public Resolution Alias() => _table.Resolve("alias500", "bench.test");

    [Benchmark]
    public Resolution Pattern() => _table.Resolve("sales-7", "bench.test");

    [Benchmark]
    public Resolution Nobody() => _table.Resolve("nobody", "bench.test");
}

/// <summary>The store alone: 4 KiB messages from 20 callers who share commits, one caller alone, and reading what FETCH wants.</summary>
public class StoreBench
{
    private const int Callers = 20;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "aviso-bench-" + Path.GetRandomFileName());
    private readonly byte[] _message = Encoding.ASCII.GetBytes(
        "From: a@sender.test\r\nTo: b@bench.test\r\nSubject: bench\r\nMessage-ID: <1@bench.test>\r\n\r\n"
            + string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog and goes home again\r\n", 60)));
    private readonly MessageReader _reader = new();
    private SqliteMailStore _store = null!;
    private AccountId[] _accounts = [];
    private EmailId[] _emails = [];

    [GlobalSetup]
    public async Task OpenAsync()
    {
        _store = await SqliteMailStore.OpenAsync(
            new() { DataFolder = _folder, Clock = TimeProvider.System, Log = NullLogger.Instance, Reader = _reader, Index = false },
                default);
        _accounts = await Task.WhenAll(Enumerable.Range(1, Callers).Select(async i =>
            (await _store.EnsureAccountAsync($"user{i:000}@bench.test", declared: true, default)).Id));
        _emails = new EmailId[256];
        for (var i = 0; i < _emails.Length; i++) _emails[i] = await DeliverAsync(_accounts[0]);
    }

    [GlobalCleanup]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Callers)]
    public Task DeliverTwenty() => Task.WhenAll(_accounts.Select(account => Task.Run(() => DeliverAsync(account))));

    [Benchmark]
    public Task DeliverOne() => DeliverAsync(_accounts[0]);

    [Benchmark(OperationsPerInvoke = 256)]
    public Task ReadRendered() => _store.EmailsAsync(_accounts[0], _emails, default);

    private async Task<EmailId> DeliverAsync(AccountId account)
    {
        using var body = _store.Spool.Begin();
        body.Write(_message);
        var accepted = await _store.AcceptAsync(
            new(body, _reader.Render(body), [new(account, "INBOX", "Return-Path: <a@sender.test>\r\n"u8.ToArray(), SystemFlags.None, [])],
                null)
            {
                ReceivedAt = 1_750_000_000,
            },
            default);
        return accepted.Value!.Targets[0].Value!.Email;
    }
}

/// <summary>What the guard costs on the way of a connection, with 100,000 decisions that hold: the whole of what a listener asks.</summary>
public class AcceptBench
{
    private readonly IPAddress _stranger = IPAddress.Parse("192.0.2.1");
    private readonly IPAddress _banned = IPAddress.Parse("100.64.0.7");
    private readonly IPAddress[] _strangers = [.. Enumerable.Range(0, 4096).Select(i => new IPAddress([198, 18, (byte)(i >> 8), (byte)i]))];
    private Gatekeeper _gate = null!;
    private int _next;

    [GlobalSetup]
    public async Task FillAsync()
    {
        var book = await DecisionBook.OpenAsync(new Forgetful(), TimeProvider.System, NullLogger.Instance, default);
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 100_000; i++) Add($"100.{64 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}");
        for (var length = 16; length < 32; length += 2) Add($"203.0.0.0/{length}");
        _gate = new(new(GuardOwner.Builtin, Networks.Parse("10.0.0.0/8", "192.168.0.0/16"), ConnectionsPerMinute: 1e12), book,
            TimeProvider.System, NullLogger.Instance);

        void Add(string value) => book.Add(new(0, "lists", "bench", Decision.Ban, value, now, now.AddDays(1)));
    }

    /// <summary>Port 25: bans and the rate of its connections.</summary>
    [Benchmark]
    public bool StrangerOnSmtp() => _gate.Allows(ListenerKind.Smtp, _strangers[_next++ & 4095]);

    [Benchmark]
    public bool StrangerOnImap() => _gate.Allows(ListenerKind.Imap, _stranger);

    [Benchmark]
    public bool Banned() => _gate.Allows(ListenerKind.Imap, _banned);

    private sealed class Forgetful : IDocumentRows
    {
        public Task<Document?> GetDocumentAsync(AccountId owner, string kind, string name, CancellationToken cancel) =>
            Task.FromResult<Document?>(null);

        public Task<IReadOnlyList<Document>> ListDocumentsAsync(AccountId owner, string kind, CancellationToken cancel) =>
            Task.FromResult<IReadOnlyList<Document>>([]);

        public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancel) =>
            Task.FromResult<IReadOnlyList<Document>>([]);

        public Task ChangeDocumentsAsync(IReadOnlyList<Document> set, IReadOnlyList<DocumentKey> remove, CancellationToken cancel) =>
            Task.CompletedTask;

        public Task<bool> AddDocumentAsync(Document document, CancellationToken cancel) => Task.FromResult(true);
    }
}
