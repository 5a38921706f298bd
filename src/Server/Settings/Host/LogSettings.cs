using Microsoft.Extensions.Logging;

namespace Aviso.Settings;

public enum LogFormat
{
    Text, Json,
}

public sealed class LogSection : SettingsSection
{
    internal static readonly Table<LogSection> Table = new("The log, on standard output.");

    public LogFormat Format => Get(FormatKey);

    private static readonly Key<LogFormat> FormatKey = new(Table, "format", Types.Words("format", ("text", LogFormat.Text), ("json", LogFormat.Json)), default,
        "text for people, json (one object a line) for collectors.")
    { Example = "json" };

    public LogLevel Level => Get(LevelKey);

    private static readonly Key<LogLevel> LevelKey = new(Table, "level", Types.Words("level", ("debug", LogLevel.Debug), ("info", LogLevel.Information),
            ("warning", LogLevel.Warning), ("error", LogLevel.Error)), LogLevel.Information,
        "The least important events that are written.")
    { Example = "warning" };
}
