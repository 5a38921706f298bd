using Aviso.Server;
using Aviso.Settings;
using Aviso.Spam;
using static Aviso.Verbs.DescribedPart;

namespace Aviso.Verbs;

/// <summary>The spam filter: from where on it acts, and what it learned.</summary>
internal sealed class DescribeFilter(SpamPart spam, Func<ServerSettings> settings) : IDescribed
{
    public string Title => "Filter";

    public Task WriteAsync(DescribedPart part, CancellationToken cancel)
    {
        var now = settings().Spam;
        if (!now.Enabled)
        {
            part.Say("The filter is off: no mail is judged here.");
            return Task.CompletedTask;
        }
        part.Say($"Mail is judged: from {now.AddHeader:0.##} points on it goes to Junk, from {now.Reject:0.##} on it is refused.");
        var (ham, bad) = spam.Words?.Learned ?? (0, 0);
        part.Say(spam.Words is null ? "What is learned cannot be kept: spam.db cannot be used."
            : $"It has learned {Count(ham, "good message")} and {Count(bad, "junk message")}; "
                + (Math.Min(ham, bad) < LearnedWords.AtLeast ? $"what it learned counts from {LearnedWords.AtLeast} of each on."
                    : "what it learned counts."));
        if (spam.Learner?.FailsSince is { } since) part.Say($"Learning has failed since {Time(since)}.");
        if (now.Antivirus.Clamd is { } scanner)
            part.Say($"Viruses are looked for by {scanner}"
                + (spam.ScannerSilentFor is { } silent ? $", which has not answered for {Span(silent)}." : "."));
        return Task.CompletedTask;
    }
}
