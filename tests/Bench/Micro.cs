using System.Text;
using Aviso.Accounts;
using Aviso.Mime;
using Aviso.Net;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Aviso.Bench;

/// <summary>Single pieces of the hot path.</summary>
internal static class Micro
{
    public static void Run(string[] args) => BenchmarkSwitcher.FromTypes([typeof(MimeBench), typeof(LoginBench)]).Run(
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
        + "--b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + string.Concat(Enumerable.Repeat("<p>a line of text that goes on</p>\r\n", 50)) + "--b1--\r\n");

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

/// <summary>What one password costs: why logins are cached.</summary>
public class LoginBench
{
    [Benchmark]
    public ScramRecord Derive() => ScramRecord.Derive("correct horse battery staple");

    [Benchmark]
    public bool NetworkContains() => Networks.Contains(System.Net.IPAddress.Loopback);

    private static readonly Networks Networks = Networks.Parse("10.0.0.0/8", "192.168.0.0/16", "127.0.0.0/8", "::1/128");
}
