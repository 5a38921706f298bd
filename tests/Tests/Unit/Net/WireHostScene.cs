using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Aviso.Base;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Tests.Unit.Net;

/// <summary>Answers each line with itself; some words make it fail, stop reading or ask for TLS.</summary>
internal sealed class EchoProtocol : IWireProtocol
{
    /// <summary>Longer than any test waits.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    public TaskCompletionSource InBody { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ReadOnlyMemory<byte> DoorLine(Reason reason) => Encoding.ASCII.GetBytes($"421 4.7.0 {LineSession.DoorText(reason)}\r\n");

    public async Task RunAsync(WireConnection connection)
    {
        var origin = connection.Origin;
        await SayAsync(connection, $"220 {origin.Remote.Address} {origin.IsInternal} {origin.ClearLoginAllowed}");
        while (true)
        {
            var read = await connection.ReadLineAsync(100_000, Long, betweenCommands: true);
            if (read.Status is ReadStatus.Draining) await SayAsync(connection, "421 bye");
            if (read.Status is not ReadStatus.Complete) return;
            switch (Encoding.ASCII.GetString(read.Line.Span))
            {
                case "quit":
                    connection.End(Reason.Quit);
                    return;
                case "fail":
                    throw new InvalidOperationException("made to fail");
                case "STARTTLS":
                    if (!await connection.StartTlsAsync("220 go\r\n"u8.ToArray(), default)) return;
                    break;
                case "body":
                    InBody.TrySetResult();
                    await connection.PeekAsync(TimeSpan.FromHours(1));
                    return;
                case ['l', 'o', 'g', 'i', 'n', ' ', .. var account]:
                    if (account != "0") connection.Login = new(long.Parse(account), "alice@example.org");
                    goto default;
                default:
                    await SayAsync(connection, Encoding.ASCII.GetString(read.Line.Span));
                    break;
            }
        }
    }

    private static async Task SayAsync(WireConnection connection, string text)
    {
        connection.Output.Write(Encoding.ASCII.GetBytes(text + "\r\n"));
        await connection.FlushAsync(Long);
    }
}

internal sealed class Gate : IAcceptGate
{
    public bool Allows(ListenerKind kind, IPAddress client) => client.ToString() != "192.0.2.66";
}

internal sealed class EvidenceList : IEvidence
{
    public ConcurrentQueue<Evidence> Seen { get; } = [];

    public void Report(Evidence evidence) => Seen.Enqueue(evidence);
}

/// <summary>Connection ends in order, as "Level message".</summary>
internal sealed class Recorder : ILogger
{
    private readonly Channel<string> _ends = Channel.CreateUnbounded<string>();

    public ConcurrentQueue<string> Texts { get; } = new();

    public async Task<string> EndAsync() => await _ends.Reader.ReadAsync().AsTask().WaitAsync(EchoProtocol.Long);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Texts.Enqueue(formatter(state, exception));
        if (eventId.Id == 1001) _ends.Writer.TryWrite($"{logLevel} {formatter(state, exception)}");
    }
}
