using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Smtp;

/// <summary>What this folder counts.</summary>
internal static class SmtpMeters
{
    private static readonly Meter Meter = new("Aviso.Smtp");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static readonly Counter<long> Replies = Meter.CreateCounter<long>(
        "aviso_replies_total", description: "Replies sent, by kind of listener and reply code");

    public static void Replied(string kind, Reply reply)
    {
        if (Replies.Enabled) Replies.Add(1, new("kind", kind), new("code", reply.CodeText));
    }
}
