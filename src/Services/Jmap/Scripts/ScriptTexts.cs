using System.Text;
using System.Text.Unicode;
using Aviso.Sieve;

namespace Aviso.Jmap;

/// <summary>A script's octets, and why it cannot be stored; null: it can.</summary>
internal sealed record ScriptText(byte[] Octets, SetError? Error);

/// <summary>Reads what is to become a script, and judges it as ManageSieve and delivery do.</summary>
internal sealed class ScriptTexts(ScriptServices services, BlobShelf blobs)
{
    /// <summary>Null when there is no such blob.</summary>
    public async Task<ScriptText?> ReadAsync(Call call, string blobId, CancellationToken cancel)
    {
        using var blob = call.Created.Resolve(blobId) is { } id ? await blobs.OpenAsync(call.User, call.Account, id, cancel) : null;
        if (blob is null) return null;
        var most = services.Scripts.Limits.Size;
        if (blob.Size > most) return new([], new("tooLarge", $"a script has at most {most} octets"));
        var octets = new byte[blob.Size];
        var length = blob.ReadAll(0, octets);
        return new(octets[..length], Judge(octets.AsSpan(0, length)));
    }

    // RFC 9661 §2.4 invalidSieve: the description gives at least the line of the first error.
    private SetError? Judge(ReadOnlySpan<byte> octets)
    {
        if (!Utf8.IsValid(octets)) return new("invalidSieve", "the script is not UTF-8");
        var errors = SieveCompiler.Compile(Encoding.UTF8.GetString(octets), services.Compile).Errors;
        return errors.Count == 0 ? null
            : new("invalidSieve", string.Join('\n', errors.Select(e => $"line {e.Line}, column {e.Column}: {e.Text}")));
    }
}

/// <summary>SieveScript/validate (RFC 9661 §2.6).</summary>
internal sealed class SieveScriptValidate(ScriptTexts texts) : IMethod
{
    public string Name => "SieveScript/validate";

    public string Capability => Capabilities.Sieve;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var blobId = reader.Text("blobId");
        reader.End();
        var text = await texts.ReadAsync(call, blobId, cancel) ?? throw MethodFailure.InvalidArgument("blobId", "there is no such blob");
        call.Answer.WriteStartObject();
        call.Answer.WriteString("accountId"u8, call.Account.ToString());
        call.Answer.WritePropertyName("error"u8);
        if (text.Error is { } error) error.Write(call.Answer);
        else call.Answer.WriteNullValue();
        call.Answer.WriteEndObject();
    }
}
