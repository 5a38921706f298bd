using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Aviso.Spam;

/// <summary>What this folder counts. No addresses in labels.</summary>
internal static class SpamMeters
{
    private static readonly Meter Meter = new("Aviso.Spam");

    [ModuleInitializer]
    internal static void Publish() => _ = Meter;

    private static readonly Counter<long> Checked = Meter.CreateCounter<long>(
        "aviso_spam_messages_total", description: "Messages judged, by action.");

    private static readonly Counter<long> SkippedChecks = Meter.CreateCounter<long>(
        "aviso_spam_checks_skipped_total", description: "Checks a message went without, by check and cause.");

    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>(
        "aviso_spam_seconds", unit: "s", description: "Time the filter took for a message.");

    private static readonly Counter<long> Lists = Meter.CreateCounter<long>(
        "aviso_spam_list_answers_total",
            description: "Answers of DNS lists, by list and result (listed, clear, refused, failed; silent, broken: left alone).");

    public static void Done(SpamVerdict verdict, TimeSpan took)
    {
        Checked.Add(1, new KeyValuePair<string, object?>("action", verdict.Action switch
        {
            SpamAction.Greylist => "greylist",
            SpamAction.Tag => "tag",
            SpamAction.Reject => "reject",
            _ => "accept",
        }));
        Seconds.Record(took.TotalSeconds);
    }

    public static void Skipped(string check, string cause) => SkippedChecks.Add(1, new("check", check), new("cause", cause));

    private static readonly Counter<long> LearnedCount = Meter.CreateCounter<long>(
        "aviso_spam_learned_total", description: "Messages learned, by who taught: account or administrator.");

    public static void Learned(bool byAccount) =>
        LearnedCount.Add(1, new KeyValuePair<string, object?>("by", byAccount ? "account" : "administrator"));

    public static void ListAnswer(string list, string result) => Lists.Add(1, new("list", list), new("result", result));

    private static readonly Gauge<int> Believed = Meter.CreateGauge<int>(
        "aviso_spam_list_believed", description: "1 when a DNS list passed its last self-test and answers, else 0.");

    public static void ListBelieved(string list, bool isBelieved) =>
        Believed.Record(isBelieved ? 1 : 0, new KeyValuePair<string, object?>("list", list));

    private static readonly UpDownCounter<long> HangingChecks = Meter.CreateUpDownCounter<long>(
        "aviso_spam_checks_hanging", description: "Messages whose checks still compute although the message went on: a fault of ours.");

    public static void Hanging(int change) => HangingChecks.Add(change);

    private static readonly Counter<long> Traps = Meter.CreateCounter<long>(
        "aviso_spam_trap_messages_total", description: "Messages to spam traps, by whether they taught.");

    private static readonly Counter<long> Greylists = Meter.CreateCounter<long>(
        "aviso_spam_greylist_total", description: "Messages of unknown senders, by result (deferred, passed: came again).");

    private static readonly Counter<long> Scans = Meter.CreateCounter<long>(
        "aviso_virus_scans_total", description: "Messages given to the virus scanner, by result (clean, virus, skipped).");

    public static void Trapped(bool learned) => Traps.Add(1, new KeyValuePair<string, object?>("learned", learned ? "yes" : "no"));

    public static void Greylisted(string result) => Greylists.Add(1, new KeyValuePair<string, object?>("result", result));

    public static void Scanned(string result) => Scans.Add(1, new KeyValuePair<string, object?>("result", result));
}
