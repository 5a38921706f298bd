using System.Buffers;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;
using Aviso.Settings;
using Microsoft.Extensions.Logging;

namespace Aviso.Server;

/// <summary>
/// The log: one line an event on standard output, as text or JSON. What peers sent is escaped, so that nobody can forge a
/// line. Writing is in the background; when the reader of our output stands still for 8,192 lines, lines are dropped
/// and counted, and mail goes on.
/// </summary>
public sealed class LogWriter : ILoggerProvider, IAsyncDisposable
{
    /// <summary>What a logger of this name is told becomes a line as it is, whatever the format and level.</summary>
    public const string AsItIs = "Aviso.AsItIs";

    private static readonly Meter Meter = new("Aviso.Server");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;
    private static readonly Counter<long> Dropped =
        Meter.CreateCounter<long>("aviso_log_lines_dropped_total", description: "Log lines lost because nobody read them.");

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(8192) { SingleReader = true });
    private readonly TimeProvider _clock;
    private readonly Stream _output;
    private readonly Task _writing;

    public LogWriter(Stream output, LogFormat format, LogLevel level, TimeProvider clock)
    {
        (_output, Format, Level, _clock) = (output, format, level, clock);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>May change at any time.</summary>
    public LogFormat Format { get; set; }

    /// <summary>May change at any time.</summary>
    public LogLevel Level { get; set; }

    public ILogger CreateLogger(string categoryName) =>
        new Source(this, categoryName.StartsWith("Aviso.", StringComparison.Ordinal) ? categoryName[6..] : categoryName);

    public void Dispose()
    {
        // The lines are flushed by DisposeAsync; a factory that disposes providers must not close the log early.
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteAsync()
    {
        await foreach (var line in _lines.Reader.ReadAllAsync())
        {
            try
            {
                await _output.WriteAsync(Encoding.UTF8.GetBytes(line));
                if (_lines.Reader.Count == 0) await _output.FlushAsync();
            }
            catch (IOException)
            {
                Dropped.Add(1);
            }
        }
    }

    private void Put(string line)
    {
        if (!_lines.Writer.TryWrite(line)) Dropped.Add(1);
    }

    /// <summary>One event as a line, with its line end.</summary>
    internal static string Line(LogFormat format, DateTimeOffset at, LogLevel level, string source, string message,
        IEnumerable<KeyValuePair<string, object?>>? values, Exception? error)
    {
        var time = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        if (format == LogFormat.Json) return Json(time, level, source, message, values, error);
        var text = new StringBuilder(time).Append(' ').Append(Name(level).PadRight(7)).Append(' ').Append(source).Append(": ");
        Escape(text, message);
        if (error is not null) Escape(text.Append(" | "), error.ToString());
        return text.Append('\n').ToString();
    }

    private static string AsLine(string message)
    {
        var text = new StringBuilder(message.Length + 1);
        Escape(text, message);
        return text.Append('\n').ToString();
    }

    private static string Json(string time, LogLevel level, string source, string message,
        IEnumerable<KeyValuePair<string, object?>>? values, Exception? error)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("time", time);
            json.WriteString("level", Name(level));
            json.WriteString("source", source);
            json.WriteString("message", message);
            var used = new HashSet<string>(StringComparer.Ordinal) { "time", "level", "source", "message", "error" };
            foreach (var (key, value) in values ?? [])
            {
                if (key == "{OriginalFormat}" || !used.Add(Snake(key))) continue;
                json.WritePropertyName(Snake(key));
                if (value is int or long or uint or short or byte) json.WriteNumberValue(
                    Convert.ToInt64(value, CultureInfo.InvariantCulture));
                else if (value is bool flag) json.WriteBooleanValue(flag);
                else if (value is null) json.WriteNullValue();
                else json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
            }
            if (error is not null) json.WriteString("error", error.ToString());
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static string Snake(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsAsciiLetterUpper(name[i]) && i > 0 && !char.IsAsciiLetterUpper(name[i - 1])) text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        _ => "error",
    };

    /// <summary>Control characters (and the line ends of Unicode) as escapes: a line stays a line.</summary>
    private static void Escape(StringBuilder into, string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c) || c is '\u2028' or '\u2029') into.Append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : $"\\u{(int)c:x4}");
            else into.Append(c);
        }
    }

    private sealed class Source(LogWriter writer, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= writer.Level && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            if (name == AsItIs[6..]) writer.Put(AsLine(formatter(state, exception)));
            else writer.Put(Line(writer.Format, writer._clock.GetUtcNow(), logLevel, name, formatter(state, exception),
                state as IEnumerable<KeyValuePair<string, object?>>, exception));
        }
    }
}
