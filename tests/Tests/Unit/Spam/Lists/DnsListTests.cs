using System.Net;
using Aviso.Dns;
using Aviso.Spam;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Lists;

public sealed class DnsListTests
{
    private const string Bad = "bl.lists.net";
    private const string Domains = "dbl.lists.net";
    private static readonly DnsList Clients = new(Bad, ListSubjects.Client, [Code("127.0.0.2", "BAD", 3), Code("127.0.0.4-7", "WORSE", 4)]);
    private static readonly DnsList Links = new(Domains, ListSubjects.Links | ListSubjects.Senders, [Code("127.0.1.2", "BAD_LINK", 4)]);

    private readonly FakeZone _zone = new FakeZone().A($"2.0.0.127.{Bad}", "127.0.0.2").A($"test.{Domains}", "127.0.1.2");
    private readonly ManualClock _clock = new();

    private static ListCode Code(string answer, string symbol, double score)
    {
        Assert.True(AnswerMask.TryParse(answer, out var mask));
        return new(mask, symbol, score);
    }

    private DnsListCheck Check(params DnsList[] lists) => new(_zone, _clock, NullLogger.Instance)
    {
        Options = new() { Lists = lists, IsOwnDomain = d => d == "ours.net", IsOwnAddress = a => a.Equals(IPAddress.Parse("9.9.9.9")) },
    };

    private static SpamInput From(string client, string body = "hi") => SpamMail.Around(body) with { Client = IPAddress.Parse(client) };

    private static string Found(SpamContext context) => string.Join(' ', context.Symbols.Select(s => s.Name).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("127.0.0.2", "127.0.0.2", true)]
    [InlineData("127.0.0.2", "127.0.0.3", false)]
    [InlineData("127.0.0.4-7", "127.0.0.7", true)]
    [InlineData("127.0.0.4-7", "127.0.0.8", false)]
    [InlineData("127.0.*.3", "127.0.15.3", true)]
    [InlineData("127.0.0.&64", "127.0.0.72", true)]
    [InlineData("127.0.0.&64", "127.0.0.8", false)]
    [InlineData("127.0.0.&8", "::1", false)]
    public void Codes_are_numbers_ranges_any_or_bits(string mask, string answer, bool matches)
    {
        Assert.True(AnswerMask.TryParse(mask, out var read));
        Assert.Equal(matches, read.Matches(IPAddress.Parse(answer)));
        Assert.Equal(mask, read.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("127.0.0")]
    [InlineData("127.0.0.256")]
    [InlineData("127.0.0.7-4")]
    [InlineData("127.0.0.&0")]
    [InlineData("127.0.0.-2")]
    [InlineData("127.0.0.2.1")]
    [InlineData("127.0.0. 2")]
    public void What_is_no_code_is_refused(string text) => Assert.False(AnswerMask.TryParse(text, out _));

    [Theory]
    [InlineData("11.22.33.44", "44.33.22.11")]
    [InlineData("::ffff:11.22.33.44", "44.33.22.11")]
    [InlineData("2a00:1450::5", "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.4.1.0.0.a.2")]
    public void Addresses_are_asked_in_reverse(string address, string name) => Assert.Equal(name, SubjectFinder.Reversed(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.2", "BAD")]
    [InlineData("127.0.0.5", "WORSE")]
    [InlineData("127.0.0.99", "")]
    [InlineData(null, "")]
    public void A_listed_client_is_found_by_what_the_list_answers(string? answer, string symbols)
    {
        if (answer is not null) _zone.A($"44.33.22.11.{Bad}", answer);
        var context = SpamMail.Run(From("11.22.33.44"), Check(Clients));
        Assert.Equal(symbols, Found(context));
        Assert.Empty(context.Skipped);
    }

    [Fact]
    public void An_IPv6_client_is_found_too()
    {
        _zone.A($"{SubjectFinder.Reversed(IPAddress.Parse("2a00:1450::5"))}.{Bad}", "127.0.0.2");
        var context = SpamMail.Run(From("2a00:1450::5"), Check(Clients));
        Assert.Equal($"2a00:1450::5 is listed by {Bad} (127.0.0.2)", Assert.Single(context.Symbols).Reason);
    }

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("127.0.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("100.64.1.1")]
    [InlineData("203.0.113.9")]
    [InlineData("::1")]
    [InlineData("fd00::1")]
    [InlineData("fe80::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("9.9.9.9")]
    public void Nobody_is_asked_about_addresses_of_our_own_or_of_nobody(string client)
    {
        SpamMail.Run(From(client), Check(Clients));
        Assert.Empty(_zone.Asked);
    }

    [Fact]
    public void Nobody_is_asked_about_our_own_machines_and_people()
    {
        SpamMail.Run(From("11.22.33.44") with { IsInternal = true }, Check(Clients));
        SpamMail.Run(From("11.22.33.44", "http://far.net/") with { IsSubmission = true }, Check(Clients, Links));
        Assert.Empty(_zone.Asked);
    }

    [Fact]
    public void Links_are_asked_by_the_domain_that_somebody_registered()
    {
        _zone.A($"evil.co.uk.{Domains}", "127.0.1.2");
        var context = SpamMail.Run(From("11.22.33.44", "http://a.b.evil.co.uk/x http://c.evil.co.uk/ http://www.ours.net/ http://1.2.3.4/ http://x.test/ http://www.example.com/"), Check(Links));
        Assert.Equal($"evil.co.uk in a link is listed by {Domains} (127.0.1.2)", Assert.Single(context.Symbols).Reason);
        Assert.Equal([$"test.{Domains}", $"invalid.{Domains}", $"evil.co.uk.{Domains}"], _zone.Asked.Select(a => a.Name));
    }

    [Fact]
    public void Senders_are_asked_by_From_envelope_and_Reply_To()
    {
        _zone.A($"evil.net.{Domains}", "127.0.1.2");
        var input = SpamMail.Input("From: a@news.evil.net\nReply-To: b@other.net\nSubject: x\n\nhi\n") with { Client = IPAddress.Parse("11.22.33.44"), Sender = Addresses.Of("c@third.net") };
        var context = SpamMail.Run(input, Check(Links));
        Assert.Equal($"evil.net as its sender is listed by {Domains} (127.0.1.2)", Assert.Single(context.Symbols).Reason);
        Assert.Equal(["evil.net", "other.net", "third.net"], _zone.Asked.Skip(2).Select(a => a.Name[..^(Domains.Length + 1)]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Hops_are_asked_only_where_a_list_wants_them()
    {
        _zone.A($"8.7.6.5.{Bad}", "127.0.0.2");
        var input = SpamMail.Input("Received: from a (b [5.6.7.8])\n\tby c; Thu, 1 Jan 2026 10:00:00 +0000\nReceived: from d ([10.0.0.1])\nReceived: from e ([IPv6:2a00::1])\nSubject: x\n\nhi\n") with { Client = IPAddress.Parse("11.22.33.44") };
        Assert.Empty(SpamMail.Run(input, Check(Clients)).Symbols);
        var context = SpamMail.Run(input, Check(Clients with { Ask = ListSubjects.Hops }));
        Assert.Equal($"5.6.7.8 on its way is listed by {Bad} (127.0.0.2)", Assert.Single(context.Symbols).Reason);
    }

    [Theory]
    [InlineData("127.255.255.254")]
    [InlineData("127.255.255.252")]
    [InlineData("127.255.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.1.255")]
    [InlineData("127.0.0.255")]
    [InlineData("198.51.100.1")]
    public void An_answer_that_means_no_is_no_listing_and_the_list_is_left_alone_for_a_while(string answer)
    {
        _zone.A($"44.33.22.11.{Bad}", answer);
        var check = Check(Clients with { Codes = [Code("*.*.*.*", "ANY", 5)] });
        var context = SpamMail.Run(From("11.22.33.44"), check);
        Assert.Empty(context.Symbols);
        Assert.Equal([$"{Bad} (refused)"], context.Skipped);
        var asked = _zone.Asked.Count;
        context = SpamMail.Run(From("11.22.33.45"), check);
        Assert.Equal([$"{Bad} (refused)"], context.Skipped);
        Assert.Equal(asked, _zone.Asked.Count);

        _zone.Remove($"44.33.22.11.{Bad}").A($"44.33.22.11.{Bad}", "127.0.0.2");
        _clock.Advance(TimeSpan.FromHours(2));
        Until(() => Found(SpamMail.Run(From("11.22.33.44"), check)) == "ANY");
    }

    [Fact]
    public void A_list_that_refuses_the_self_test_is_never_asked()
    {
        _zone.Remove($"2.0.0.127.{Bad}").A($"2.0.0.127.{Bad}", "127.255.255.254").A($"44.33.22.11.{Bad}", "127.0.0.2");
        var context = SpamMail.Run(From("11.22.33.44"), Check(Clients));
        Assert.Empty(context.Symbols);
        Assert.Equal([$"{Bad} (refused)"], context.Skipped);
        Assert.Equal([$"2.0.0.127.{Bad}"], _zone.Asked.Select(a => a.Name));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void A_list_that_lists_everything_or_nothing_is_not_believed(bool testEntry, bool everything)
    {
        _zone.Remove($"2.0.0.127.{Bad}").A($"44.33.22.11.{Bad}", "127.0.0.2");
        if (testEntry) _zone.A($"2.0.0.127.{Bad}", "127.0.0.2");
        if (everything) _zone.A($"1.0.0.127.{Bad}", "127.0.0.2");
        var context = SpamMail.Run(From("11.22.33.44"), Check(Clients));
        Assert.Empty(context.Symbols);
        Assert.Equal([$"{Bad} (broken)"], context.Skipped);
    }

    [Fact]
    public void A_list_is_tested_again_every_day()
    {
        var check = Check(Clients);
        _zone.A($"44.33.22.11.{Bad}", "127.0.0.2");
        Assert.Equal("BAD", Found(SpamMail.Run(From("11.22.33.44"), check)));
        _zone.A($"1.0.0.127.{Bad}", "127.0.0.2");
        _clock.Advance(TimeSpan.FromHours(23));
        Assert.Equal("BAD", Found(SpamMail.Run(From("11.22.33.44"), check)));
        _clock.Advance(TimeSpan.FromHours(2));
        Until(() => SpamMail.Run(From("11.22.33.44"), check).Skipped.Contains($"{Bad} (broken)"));
    }

    [Fact]
    public void Many_failures_in_a_row_leave_a_list_alone_and_it_comes_back()
    {
        var check = Check(Clients);
        SpamMail.Run(From("11.22.33.1"), check);
        for (var i = 2; i < 8; i++) _zone.Fail($"{i}.33.22.11.{Bad}", DnsStatus.ServFail);
        for (var i = 2; i < 7; i++) Assert.Equal([$"{Bad} (no answer)"], SpamMail.Run(From($"11.22.33.{i}"), check).Skipped);
        Assert.Equal([$"{Bad} (silent)"], SpamMail.Run(From("11.22.33.7"), check).Skipped);
        _clock.Advance(TimeSpan.FromMinutes(11));
        Until(() => SpamMail.Run(From("11.22.33.1"), check).Skipped.Count == 0);
    }

    [Fact]
    public void One_message_asks_a_bounded_number_of_questions()
    {
        var many = string.Join(' ', Enumerable.Range(0, 500).Select(i => $"http://domain{i}.net/"));
        var lists = Enumerable.Range(0, 30).Select(i => Links with { Zone = $"l{i}.lists.net", Test = "t.net" }).ToArray();
        foreach (var list in lists) _zone.A($"t.net.{list.Zone}", "127.0.1.2");
        SpamMail.Run(From("11.22.33.44", many), Check(lists));
        Assert.InRange(_zone.Asked.Count(a => a.Name.StartsWith("domain", StringComparison.Ordinal)), 20, DnsListCheck.MostQuestions);
    }

    [Fact]
    public async Task A_list_that_hangs_costs_its_patience_and_the_others_count()
    {
        _zone.A($"44.33.22.11.{Bad}", "127.0.0.2");
        var hanging = new Hanging(_zone, "slow.lists.net");
        var check = new DnsListCheck(hanging, TimeProvider.System, NullLogger.Instance)
        {
            Options = new() { Lists = [Clients, Clients with { Zone = "slow.lists.net" }], Patience = TimeSpan.FromMilliseconds(200) },
        };
        var verdict = await new SpamFilter(new(), [check], TimeProvider.System, NullLogger.Instance).CheckAsync(From("11.22.33.44"), default);
        Assert.Equal(3, verdict.Score);
        Assert.Equal(["slow.lists.net (timeout)"], verdict.Skipped);
        Assert.Contains("slow.lists.net (timeout)", verdict.Fields(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_resolver_that_throws_costs_nothing_but_the_list()
    {
        var check = new DnsListCheck(new Throwing(), TimeProvider.System, NullLogger.Instance) { Options = new() { Lists = [Clients] } };
        var verdict = await new SpamFilter(new(), [check], TimeProvider.System, NullLogger.Instance).CheckAsync(From("11.22.33.44"), default);
        Assert.Equal([$"{Bad} (silent)"], verdict.Skipped);
    }

    [Fact]
    public void Ours_are_whole() => Assert.All(DnsList.Ours, l =>
    {
        Assert.NotEmpty(l.Codes);
        Assert.NotEqual(ListSubjects.None, l.Ask);
        Assert.Equal(l.Zone, DnsName.Normalize(l.Zone));
    });

    private static void Until(Func<bool> done)
    {
        // A repeated self-test runs beside the messages.
        for (var i = 0; i < 500 && !done(); i++) Thread.Sleep(10);
        Assert.True(done());
    }

    private sealed class Hanging(FakeZone zone, string name) : IResolver
    {
        public async ValueTask<DnsAnswer> QueryAsync(string asked, DnsType type, CancellationToken cancel)
        {
            if (asked.EndsWith(name, StringComparison.Ordinal)) await Task.Delay(Timeout.Infinite, CancellationToken.None);
            return await zone.QueryAsync(asked, type, cancel);
        }
    }

    private sealed class Throwing : IResolver
    {
        public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancel) => throw new InvalidOperationException("no");
    }
}
