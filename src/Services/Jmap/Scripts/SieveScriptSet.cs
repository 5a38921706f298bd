using System.Text.Json;
using Aviso.Accounts;

namespace Aviso.Jmap;

/// <summary>SieveScript/set (RFC 9661 §2.4): all of a call is one change of the account's scripts.</summary>
internal sealed class SieveScriptSet(SieveScripts scripts, ScriptTexts texts, JmapLimits limits) : IMethod
{
    public string Name => "SieveScript/set";

    public string Capability => Capabilities.Sieve;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var set = SetArguments.Read(reader, limits);
        var activate = reader.TextOrNull("onSuccessActivateScript");
        var deactivate = reader.Find("onSuccessDeactivateScript") is not null && reader.Flag("onSuccessDeactivateScript", false);
        reader.End();
        var (answer, read, before) = (new SetAnswer(call), await ReadAsync(call, set, cancel), "");
        var after = await scripts.EditAsync(call.Account, edit =>
        {
            before = edit.Before.Log.State;
            set.CheckState(before);
            new ScriptSetRun(call, answer, edit, scripts.Limits, read).Run(set, activate, deactivate);
        }, cancel);
        answer.Write(before, after);
    }

    /// <summary>The texts that the call names, by blob id: nobody waits for them while others wait for the scripts.</summary>
    private async Task<IReadOnlyDictionary<string, ScriptText>> ReadAsync(Call call, SetArguments set, CancellationToken cancel)
    {
        var read = new Dictionary<string, ScriptText>(StringComparer.Ordinal);
        foreach (var (_, value) in set.Create.Concat(set.Update))
        {
            if (!value.TryGetProperty("blobId"u8, out var given) || given.ValueKind != JsonValueKind.String) continue;
            var id = given.GetString() ?? "";
            if (!read.ContainsKey(id) && await texts.ReadAsync(call, id, cancel) is { } text) read[id] = text;
        }
        return read;
    }
}
