using System.Text;
using Aviso.Accounts;
using Aviso.Store;
using Aviso.Tests.Unit.Store;
using Xunit;

namespace Aviso.Tests.Unit.Accounts;

public sealed class SieveScriptsTests : IAsyncLifetime
{
    private TestStore _store = null!;
    private AccountId _account;
    private SieveScripts _scripts = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.OpenAsync();
        (_account, _) = await _store.AccountAsync();
        _scripts = new(_store.Store, _store.Clock, new() { Count = 2, Size = 10, Octets = 15 });
    }

    public async ValueTask DisposeAsync()
    {
        _scripts.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task The_active_script_is_remembered_and_every_change_is_seen()
    {
        Assert.Null(await _scripts.ActiveAsync(_account, Cancel));
        await Put("a", "keep;");
        Assert.Equal(SieveScriptRefusal.None, await _scripts.SetActiveAsync(_account, "a", Cancel));
        Assert.Equal("keep;", await Active());
        await Put("a", "stop;");
        Assert.Equal("stop;", await Active());
        Assert.Equal(SieveScriptRefusal.None, await _scripts.RenameAsync(_account, "a", "b", Cancel));
        Assert.Equal("b", (await _scripts.ActiveAsync(_account, Cancel))!.Name);
        Assert.Equal(SieveScriptRefusal.Active, await _scripts.DeleteAsync(_account, "b", Cancel));
        Assert.Equal(SieveScriptRefusal.None, await _scripts.SetActiveAsync(_account, null, Cancel));
        Assert.Null(await _scripts.ActiveAsync(_account, Cancel));
        Assert.Equal(SieveScriptRefusal.None, await _scripts.DeleteAsync(_account, "b", Cancel));
        Assert.Empty(await _scripts.ListAsync(_account, Cancel));
    }

    [Fact]
    public async Task Scripts_and_the_active_one_outlive_a_restart()
    {
        await Put("a", "keep;");
        await _scripts.SetActiveAsync(_account, "a", Cancel);
        await _store.ReopenAsync();
        using var again = new SieveScripts(_store.Store, _store.Clock);
        Assert.Equal("a", (await again.ActiveAsync(_account, Cancel))!.Name);
    }

    [Fact]
    public async Task Size_count_and_sum_are_limited()
    {
        Assert.Equal(SieveScriptRefusal.MaxSize, await Put("a", "12345678901"));
        Assert.Equal(SieveScriptRefusal.None, await Put("a", "1234567890"));
        Assert.Equal(SieveScriptRefusal.Quota, await Put("b", "123456"));
        Assert.Equal(SieveScriptRefusal.None, await Put("b", "12345"));
        Assert.Equal(SieveScriptRefusal.MaxScripts, await Put("c", ""));
        Assert.Equal(SieveScriptRefusal.None, await Put("a", "0123456789"));
    }

    private Task<SieveScriptRefusal> Put(string name, string text) =>
        _scripts.PutAsync(_account, name, Encoding.UTF8.GetBytes(text), Cancel);

    private async Task<string> Active() => Encoding.UTF8.GetString((await _scripts.ActiveAsync(_account, Cancel))!.Text.Span);
}
