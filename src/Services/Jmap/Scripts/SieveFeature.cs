using System.Text.Json;
using Aviso.Accounts;
using Aviso.Sieve;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>JMAP for Sieve scripts (RFC 9661).</summary>
internal static class SieveFeature
{
    public static Feature Of(ScriptServices services, BlobShelf blobs, JmapLimits limits)
    {
        var (scripts, texts) = (services.Scripts, new ScriptTexts(services, blobs));
        return new(new(Capabilities.Sieve)
        {
            // A script sees all mail that comes, and sends it where it likes.
            IsFor = static user => user.SeesMail,
            Server = (writer, _) => writer.WriteString("implementation"u8, services.Implementation),
            Account = (writer, _) => Write(writer, services),
        },
        [
            new SieveScriptGet(scripts, limits), new SieveScriptChanges(scripts, limits),
            .. ShortQuery.MethodsOf(new SieveScriptQuery(scripts, limits), limits), new SieveScriptSet(scripts, texts, limits),
            new SieveScriptValidate(texts),
        ]);
    }

    // RFC 9661 §1.2.1
    private static void Write(Utf8JsonWriter writer, ScriptServices services)
    {
        var extensions = services.Compile.Extensions ?? SieveCompiler.Extensions;
        writer.WriteNumber("maxSizeScriptName"u8, SieveScripts.NameOctets);
        writer.WriteNumber("maxSizeScript"u8, services.Scripts.Limits.Size);
        writer.WriteNumber("maxNumberScripts"u8, services.Scripts.Limits.Count);
        writer.WriteNumber("maxNumberRedirects"u8, services.Redirects);
        writer.WriteTexts("sieveExtensions"u8, extensions);
        writer.WriteTextsOrNull("notificationMethods"u8, extensions.Contains("enotify") ? SieveCompiler.NotifyMethods : []);
        // RFC 6134: the URI schemes of lists.
        writer.WriteTextsOrNull("externalLists"u8, extensions.Contains("extlists") ? ["urn"] : []);
    }
}

/// <summary>Scripts as JMAP knows them.</summary>
internal static class SieveScriptObject
{
    public const string Type = "SieveScript";

    public static readonly IReadOnlyList<string> Properties = ["id", "name", "blobId", "isActive"];

    public static string BlobOf(KeptScript script) => BlobId.OfScript(script.Text).ToString();

    public static void Write(KeptScript script, Utf8JsonWriter writer, Func<string, bool> wants)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, script.Id);
        if (wants("name")) writer.WriteString("name"u8, script.Name);
        if (wants("blobId")) writer.WriteString("blobId"u8, BlobOf(script));
        if (wants("isActive")) writer.WriteBoolean("isActive"u8, script.IsActive);
        writer.WriteEndObject();
    }
}

/// <summary>The state of an account's scripts, whoever changed them.</summary>
internal sealed class ScriptStates(SieveScripts scripts) : IStateSource
{
    public string Type => SieveScriptObject.Type;

    public async ValueTask<string> StateAsync(AccountId account, CancellationToken cancel) =>
        (await scripts.LogAsync(account, cancel)).State;
}
