using System.Globalization;
using System.Text;

namespace Aviso.Trace;

/// <summary>What whoever has a link may read: what happened and when, with evidence that names nobody, no host and no subject.</summary>
public static class SharedView
{
    public static string Write(MessageTrace trace)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Message {trace.Id}: {TraceWords.Of(trace.State)}\n\n");
        foreach (var one in trace.Events)
        {
            text.Append(CultureInfo.InvariantCulture, $"{one.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z  {TraceKinds.Title(one.Kind)}");
            foreach (var (field, value) in one.Evidence)
            {
                if (TraceFieldRules.IsSafe(field) && IsPlain(value))
                    text.Append(CultureInfo.InvariantCulture, $"  {TraceFieldRules.Word(field)}={value}");
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    // Words of a catalogue, numbers and codes; anything else came from outside and is not shown.
    private static bool IsPlain(string value) =>
        value.Length <= 60 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ' ');
}

/// <summary>States in words.</summary>
public static class TraceWords
{
    public static string Of(TraceState state) => state switch
    {
        TraceState.Refused => "refused",
        TraceState.GivenUp => "given up by the client",
        TraceState.Delivered => "delivered",
        TraceState.Sent => "sent",
        TraceState.Discarded => "discarded",
        TraceState.Waiting => "waiting",
        TraceState.Failed => "failed",
        TraceState.Partly => "delivered in part",
        TraceState.Accepted => "accepted",
        _ => "unknown",
    };
}
