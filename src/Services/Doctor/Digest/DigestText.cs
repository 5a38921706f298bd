using System.Globalization;
using System.Text;

namespace Aviso.Doctor;

/// <summary>The weekly letter: sentences for somebody who looks after a few people's mail.</summary>
internal sealed class DigestText(DigestFacts facts)
{
    private const int Width = 76, MostReasons = 5, MostFindings = 10, MostAccounts = 5;

    private readonly DigestWeek _week = DigestWeek.Of(facts.Days, facts.From), _before = DigestWeek.Of(facts.Days, facts.From.AddDays(-7));
    private readonly StringBuilder _text = new();

    public string Subject => $"{facts.HostName}: the week from {Day(facts.From)} to {Day(facts.From.AddDays(6))}";

    public string Write()
    {
        Line($"This is what {facts.HostName} did from {Day(facts.From)} to {Day(facts.From.AddDays(6))} {facts.From.AddDays(6).Year}.");
        if (!_week.IsWhole)
            Line(_week.Since is { } since ? $"Mail has only been counted since {Day(since)}."
                : "Nothing was counted in this week: the server did not run.");
        Mail();
        Refused();
        Accounts();
        Findings();
        Waiting();
        Disk();
        Backups();
        Line();
        Line($"`aviso describe` on {facts.HostName} shows the server as it is now, `aviso doctor` what is wrong and what to do. "
            + "`events: { digest: { day: never } }` in the settings ends these letters.");
        return _text.ToString();
    }

    private void Mail()
    {
        Head("Mail");
        Line($"{Upper(Count(FlowWord.Accepted, "message was", "messages were"))} accepted{Than(FlowWord.Accepted)}.");
        Line($"{Upper(Count(FlowWord.Delivered, "copy was", "copies were"))} put into mailboxes here{Than(FlowWord.Delivered)}.");
        var failed = _week.Sum(FlowWord.Failed);
        Line($"{Upper(Count(FlowWord.Sent, "recipient", "recipients"))} elsewhere got mail from here{Than(FlowWord.Sent)}"
            + (failed == 0 ? "." : $"; {Number(failed)} could not be reached."));
        Line($"{Upper(Count(FlowWord.Junk, "message was", "messages were"))} put aside as junk{Than(FlowWord.Junk)}.");
    }

    private void Refused()
    {
        Head("Refused");
        var (all, away) = (_week.Sum(FlowWord.Refused), _week.Sum(FlowWord.TurnedAway));
        if (all == 0) Line("No mail was refused or put off.");
        else
        {
            Line($"Mail was refused or put off {(all == 1 ? "once" : $"{Number(all)} times")}{Than(FlowWord.Refused)}, because");
            var reasons = _week.Sums(FlowWord.RefusedFor);
            foreach (var (word, count) in reasons.Take(MostReasons)) Line($"  - {RefusalWords.Of(word)}: {Number(count)}");
            if (reasons.Count > MostReasons) Line($"  - other reasons: {Number(reasons.Skip(MostReasons).Sum(r => r.Count))}");
        }
        if (away == 0) return;
        Line($"{Upper(Count(FlowWord.TurnedAway, "connection was", "connections were"))} not let in at all{Than(FlowWord.TurnedAway)}.");
    }

    private void Accounts()
    {
        var busiest = _week.Accounts.Select(a => (Address: facts.AddressOf(a.Account), a.Tally)).Where(a => a.Address is not null)
            .Take(MostAccounts).ToList();
        if (busiest.Count == 0) return;
        Head("Busiest accounts");
        foreach (var (address, tally) in busiest) Line($"  - {address}: {Number(tally.In)} came, {Number(tally.Out)} went");
    }

    private void Findings()
    {
        Head("What was wrong");
        var start = Start(facts.From);
        var came = facts.Findings.Where(f => f.Since >= start).ToList();
        var cleared = facts.Cleared.Where(c => c.At >= start).ToList();
        if (facts.Findings.Count == 0 && cleared.Count == 0) Line("Nothing that the doctor knows of.");
        List("Came up and still stands:", came);
        List("Stands since before this week:", [.. facts.Findings.Except(came)]);
        if (cleared.Count == 0) return;
        Line("Cleared:");
        foreach (var (standing, at) in cleared.Take(MostFindings))
            Line($"  - {standing.Finding.Says} (from {When(standing.Since)} to {When(at)})");
        More(cleared.Count);
    }

    private void List(string title, IReadOnlyList<StandingFinding> findings)
    {
        if (findings.Count == 0) return;
        Line(title);
        foreach (var one in findings.Take(MostFindings))
            Line($"  - {one.Finding.Says} ({one.Finding.Code.Word}, since {When(one.Since)}"
                + (one.Acknowledged is null ? ")" : ", acknowledged)"));
        More(findings.Count);
    }

    private void More(int count)
    {
        if (count > MostFindings) Line($"  - and {Number(count - MostFindings)} more, which `aviso doctor` shows");
    }

    private void Waiting()
    {
        Head("Waiting to be sent");
        var queue = facts.Queue;
        if (queue.Messages == 0) Line("Nothing waits.");
        else
            Line($"{Upper(Number(queue.Messages, "message"))} for {Number(queue.Recipients, "recipient")} "
                + (queue.Messages == 1 ? "waits" : "wait")
                + (queue.OldestArrival is { } oldest ? $", the oldest since {When(DateTimeOffset.FromUnixTimeMilliseconds(oldest))}" : "")
                + (queue.Held switch
                {
                    0 => "",
                    1 => "; one is held until somebody releases it",
                    var held => $"; {Number(held)} are held until somebody releases them",
                }) + ".");
    }

    private void Disk()
    {
        if (facts.Disk is not { } disk) return;
        Head("Disk");
        var used = disk.Total - disk.Free;
        var than = _before.IsWhole && _before.Used > 0 ? Grown(used - _before.Used) : "";
        Line($"{Octets(used)} of {Octets(disk.Total)} are in use{than}; {Octets(disk.Free)} are free.");
    }

    private void Backups()
    {
        Head("Backups");
        if (facts.Backups is not { } backups) Line("No backups are made. If this disk fails, all mail is lost.");
        else
            foreach (var one in backups)
                Line($"{one.Name}: "
                    + (one.CopiedAt is { } copied ? $"the last whole copy is of {When(copied)}" : "no whole copy since the start")
                    + (one.ProvenAt is { } proven ? $", the last one that was read back and found whole is of {When(proven)}."
                        : "; none was ever read back.")
                    + (one.Problem is { } problem ? $" There is a problem: {problem}." : ""));
    }

    // Said where both weeks were counted whole; "as the week before" is a number too.
    private string Than(string word)
    {
        if (!_week.IsWhole || !_before.IsWhole) return "";
        var (now, then) = (_week.Sum(word), _before.Sum(word));
        return now == then ? ", as many as in the week before"
            : $", {Number(Math.Abs(now - then))} {(now > then ? "more" : "fewer")} than in the week before";
    }

    private static string Grown(long octets) => octets switch
    {
        >= 1 << 20 => $", {Octets(octets)} more than a week before",
        <= -(1 << 20) => $", {Octets(-octets)} less than a week before",
        _ => ", as much as a week before",
    };

    private string Count(string word, string one, string many) => _week.Sum(word) switch
    {
        0 => $"no {many}",
        1 => $"one {one}",
        var count => $"{Number(count)} {many}",
    };

    private static string Upper(string text) => string.Concat(char.ToUpperInvariant(text[0]).ToString(), text.AsSpan(1));

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Number(long count, string noun) => count == 1 ? $"one {noun}" : $"{Number(count)} {noun}s";

    private static string Octets(long octets) => octets >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{octets / (double)(1L << 30):N1} GB") : $"{Number(octets >> 20)} MB";

    private static string Day(DateOnly day) => day.ToString("dddd d MMMM", CultureInfo.InvariantCulture);

    private string When(DateTimeOffset at) =>
        TimeZoneInfo.ConvertTime(at, facts.Zone).ToString("ddd d MMM HH:mm", CultureInfo.InvariantCulture);

    private DateTimeOffset Start(DateOnly day)
    {
        var local = day.ToDateTime(TimeOnly.MinValue);
        return new(local, facts.Zone.GetUtcOffset(local));
    }

    private void Head(string title) => _text.Append('\n').Append(title.ToUpperInvariant()).Append('\n');

    // Not every program folds what it shows.
    private void Line(string text = "")
    {
        var (indent, line) = (text.StartsWith("  - ", StringComparison.Ordinal) ? "    " : "", new StringBuilder());
        foreach (var word in text.Split(' '))
        {
            if (line.Length + word.Length > Width && line.ToString().Trim(' ', '-').Length > 0)
            {
                _text.Append(line.ToString().TrimEnd()).Append('\n');
                line.Clear().Append(indent);
            }
            line.Append(word).Append(' ');
        }
        _text.Append(line.ToString().TrimEnd()).Append('\n');
    }
}
