using System.Text;
using Aviso.Base;
using Aviso.Jmap;
using Aviso.Store;
using Aviso.Tests.Unit.Net;
using Xunit;

namespace Aviso.Tests.Unit.Jmap;

/// <summary>RFC 8620 §6: uploads are kept a while, within a quota, for their account only.</summary>
public sealed class UploadsTests : IDisposable
{
    private static readonly AccountId Alice = new(7), Bob = new(8);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "aviso-uploads-" + Path.GetRandomFileName());
    private readonly ManualClock _clock = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_upload_is_read_by_its_account_only()
    {
        using var uploads = Open();
        var id = await KeepAsync(uploads, Alice, "hello");
        Assert.Equal("hello", Read(uploads, Alice, id));
        Assert.Null(uploads.Open(Bob, id));
        Assert.Null(uploads.Open(Alice, id + 1));
    }

    [Fact]
    public async Task What_is_too_long_is_not_kept_and_leaves_nothing()
    {
        using var uploads = Open();
        Assert.Null(await uploads.KeepAsync(Alice, new MemoryStream(new byte[11]), default));
        Assert.NotNull(await uploads.KeepAsync(Alice, new MemoryStream(new byte[10]), default));
        Assert.Single(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Over_the_quota_the_oldest_go_first_and_others_are_not_touched()
    {
        using var uploads = Open();
        var other = await KeepAsync(uploads, Bob, "0123456789");
        var ids = new List<long>();
        for (var i = 0; i < 4; i++) ids.Add(await KeepAsync(uploads, Alice, "0123456789"));
        Assert.Null(uploads.Open(Alice, ids[0]));
        foreach (var id in ids[1..]) Assert.Equal("0123456789", Read(uploads, Alice, id));
        Assert.Equal("0123456789", Read(uploads, Bob, other));
        Assert.Equal(30, uploads.UsedBy(Alice));
        // Many small ones have a limit of their own.
        for (var i = 0; i < 6; i++) ids.Add(await KeepAsync(uploads, Alice, ""));
        Assert.Null(uploads.Open(Alice, ids[3]));
    }

    [Fact]
    public async Task After_a_restart_they_are_there_and_after_a_day_they_are_not()
    {
        long id;
        using (var uploads = Open()) id = await KeepAsync(uploads, Alice, "hello");
        await File.WriteAllTextAsync(Path.Combine(_folder, Alice.ToString(), "0000000000000.part"), "half");
        using var again = Open();
        Assert.Equal("hello", Read(again, Alice, id));
        Assert.Single(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
        // RFC 8620 §6: at least an hour.
        _clock.Advance(TimeSpan.FromHours(23));
        Assert.Equal("hello", Read(again, Alice, id));
        _clock.Advance(TimeSpan.FromHours(2));
        await Patience.UntilAsync(() => again.Open(Alice, id) is null, "the upload goes");
        await Patience.UntilAsync(() => Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Length == 0, "its file goes");
    }

    private Uploads Open() => new(_folder, new IdSource(_clock), _clock, new(MaxSize: 10, QuotaOctets: 30, QuotaCount: 5));

    private static async Task<long> KeepAsync(Uploads uploads, AccountId account, string text)
    {
        var kept = await uploads.KeepAsync(account, new MemoryStream(Encoding.UTF8.GetBytes(text)), default);
        Assert.NotNull(kept);
        return kept.Value.Id;
    }

    private static string? Read(Uploads uploads, AccountId account, long id)
    {
        using var blob = uploads.Open(account, id);
        if (blob is null) return null;
        var octets = new byte[blob.Size];
        Assert.Equal(octets.Length, blob.ReadAll(0, octets));
        return Encoding.UTF8.GetString(octets);
    }
}
