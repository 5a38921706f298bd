using System.Net;
using Aviso.MailAuth;
using Aviso.Spam;
using Aviso.Store;
using Aviso.Tests.Unit.Base;
using Aviso.Tests.Unit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Aviso.Tests.Unit.Spam.Lists;

public sealed class GreylistTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-greylist-").FullName;
    private readonly TestClock _clock = new();
    private RowFile _file = null!;
    private Reputation _reputation = null!;
    private Greylist _greylist = null!;

    public ValueTask InitializeAsync()
    {
        Open();
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _reputation.DisposeAsync();
        _file.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Open()
    {
        _file = RowFile.Open(Path.Combine(_folder, "spam.db"), _clock, NullLogger.Instance);
        _reputation = new(_file, _clock);
        _greylist = new(_file, _reputation, _clock) { Options = new() { Enabled = true } };
    }

    private static SpamInput Letter(string client = "11.22.33.44", string sender = "ann@one.example", string to = "bob@two.example") =>
        SpamMail.Around("hi") with { Client = IPAddress.Parse(client), Sender = Addresses.Of(sender), Recipients = to.Split(' ') };

    private bool IsDeferred(SpamInput input, double score = 0, string mark = "")
    {
        var context = new SpamContext(input, _clock.GetUtcNow());
        if (score != 0) context.Add("X", score, "");
        if (mark.Length > 0) context.Mark(mark);
        _greylist.CheckAsync(context, default).AsTask().GetAwaiter().GetResult();
        return context.Asked == SpamAction.Greylist;
    }

    [Fact]
    public void Who_comes_again_after_a_while_is_let_in_and_known_from_then_on()
    {
        Assert.True(IsDeferred(Letter()));
        _clock.Advance(TimeSpan.FromMinutes(4));
        Assert.True(IsDeferred(Letter()));
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.False(IsDeferred(Letter()));
        Assert.False(IsDeferred(Letter(sender: "other@one.example", to: "carol@two.example")));
        Assert.False(IsDeferred(Letter(client: "11.22.33.99")));
        Assert.True(IsDeferred(Letter(client: "11.22.34.44")));
        Assert.True(IsDeferred(Letter(sender: "ann@other.example")));
        _clock.Advance(TimeSpan.FromDays(30));
        Assert.False(IsDeferred(Letter()));
        _clock.Advance(TimeSpan.FromDays(35));
        Assert.False(IsDeferred(Letter()));
        _clock.Advance(TimeSpan.FromDays(37));
        Assert.True(IsDeferred(Letter()));
    }

    [Fact]
    public async Task A_restart_forgets_nobody()
    {
        Assert.True(IsDeferred(Letter()));
        await _reputation.DisposeAsync();
        _file.Dispose();
        Open();
        _clock.Advance(TimeSpan.FromMinutes(6));
        Assert.False(IsDeferred(Letter()));
    }

    [Fact]
    public void Who_comes_days_later_begins_anew()
    {
        Assert.True(IsDeferred(Letter()));
        _clock.Advance(TimeSpan.FromDays(3));
        Assert.True(IsDeferred(Letter()));
        _clock.Advance(TimeSpan.FromMinutes(6));
        Assert.False(IsDeferred(Letter()));
    }

    [Fact]
    public void One_recipient_who_was_waited_for_is_enough()
    {
        Assert.True(IsDeferred(Letter(to: "bob@two.example")));
        _clock.Advance(TimeSpan.FromMinutes(6));
        Assert.False(IsDeferred(Letter(to: "carol@two.example bob@two.example")));
    }

    [Theory]
    [InlineData("2a00:1:2:3::4", "2a00:1:2:3:9::9", false)]
    [InlineData("2a00:1:2:3::4", "2a00:1:2:4::4", true)]
    [InlineData("::ffff:11.22.33.44", "11.22.33.45", false)]
    public void Clients_are_networks(string first, string second, bool deferred)
    {
        Assert.True(IsDeferred(Letter(client: first)));
        _clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(deferred, IsDeferred(Letter(client: second)));
    }

    [Fact]
    public void A_sender_with_many_machines_is_known_by_what_SPF_allows()
    {
        var spf = new AuthVerdict { Spf = new(SpfResult.Pass, "one.example", "mailfrom", "", "") };
        Assert.True(IsDeferred(Letter() with { Auth = spf }));
        _clock.Advance(TimeSpan.FromMinutes(6));
        Assert.False(IsDeferred(Letter(client: "99.88.77.66") with { Auth = spf }));
    }

    [Fact]
    public void Relays_machines_of_ours_bounces_and_people_are_never_deferred()
    {
        Assert.False(IsDeferred(Letter() with { IsInternal = true }));
        Assert.False(IsDeferred(Letter() with { IsRelayed = true }));
        Assert.False(IsDeferred(Letter() with { IsSubmission = true }));
        Assert.False(IsDeferred(Letter() with { Traps = 1 }));
        Assert.False(IsDeferred(Letter(sender: "")));
        Assert.False(IsDeferred(Letter(), mark: TrustCheck.Mark));
        _greylist.Options = new();
        Assert.False(IsDeferred(Letter()));
    }

    [Fact]
    public void A_domain_that_was_good_before_is_not_deferred_when_it_is_proven()
    {
        for (var i = 0; i < 3; i++) _reputation.Note(Reputation.Name('d', "one.example", true), 1, 0);
        Assert.False(IsDeferred(Letter() with { Auth = new() { Dmarc = DmarcVerdict.None with { DkimAligned = true } } }));
        Assert.True(IsDeferred(Letter()));
    }

    [Theory]
    [InlineData(1.9, false)]
    [InlineData(2, true)]
    [InlineData(5.9, true)]
    [InlineData(6, false)]
    public void With_a_threshold_only_doubtful_mail_is_deferred(double score, bool deferred)
    {
        _greylist.Options = new() { Enabled = true, From = 2 };
        Assert.Equal(deferred, IsDeferred(Letter(), score));
    }

    [Fact]
    public async Task What_comes_again_is_noted_once()
    {
        var filter = new SpamFilter(new(), [_greylist, new ReputationNotes(_reputation)], _clock, NullLogger.Instance);
        Assert.Equal(SpamAction.Greylist, (await filter.CheckAsync(Letter(), default)).Action);
        Assert.Equal(0, _reputation.Count);
        _clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(SpamAction.Accept, (await filter.CheckAsync(Letter(), default)).Action);
        Assert.NotEqual(0, _reputation.Count);
    }
}
