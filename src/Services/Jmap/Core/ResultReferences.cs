using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Aviso.Jmap;

/// <summary>
/// Puts what result references point at into the arguments of a call (RFC 8620 §3.7). One for a request: references may multiply what they
/// point at from call to call, so what they read and write has a bound.
/// </summary>
internal sealed class ResultReferences(EarlierResponses earlier, int mostOctets) : IDisposable
{
    /// <summary>Values looked at in one request, by all its references.</summary>
    public const long MostWork = 4_000_000;

    /// <summary>References in one call: no method has so many arguments.</summary>
    private const int MostReferences = 32;

    private readonly List<JsonDocument> _resolved = [];
    private long _work;

    /// <summary>The arguments themselves when there is no reference in them.</summary>
    public JsonElement Resolve(JsonElement arguments)
    {
        var references = arguments.EnumerateObject().Count(a => a.Name.StartsWith('#'));
        if (references == 0) return arguments;
        if (references > MostReferences) throw MethodFailure.InvalidArguments($"more than {MostReferences} references in one call");
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing))
        {
            writer.WriteStartObject();
            foreach (var argument in arguments.EnumerateObject())
            {
                if (!argument.Name.StartsWith('#'))
                {
                    writer.WritePropertyName(argument.Name);
                    Write(argument.Value, writer);
                }
                else if (argument.Name[1..] is var name && arguments.TryGetProperty(name, out _))
                {
                    throw MethodFailure.InvalidArgument(name, "given as it is and by reference");
                }
                else
                {
                    writer.WritePropertyName(name);
                    Write(argument, writer);
                }
            }
            writer.WriteEndObject();
        }
        var document = InternetJson.ParseOwn(octets.WrittenMemory);
        _resolved.Add(document);
        return document.RootElement;
    }

    public void Dispose()
    {
        foreach (var document in _resolved) document.Dispose();
    }

    private void Write(JsonProperty reference, Utf8JsonWriter writer)
    {
        if (!TryRead(reference.Value, out var resultOf, out var name, out var path))
            throw Fails(reference.Name, "is no ResultReference object");
        if (!JsonPointer.TryParse(path, out var pointer)) throw Fails(reference.Name, $"path is no pointer: {path}");
        if (earlier.Find(resultOf, name) is not { } response)
            throw Fails(reference.Name, $"there is no response {name} of call {resultOf}");
        try
        {
            var found = pointer.Evaluate(response, ref _work, MostWork);
            if (found is null) throw Fails(reference.Name, $"nothing is at {path}");
            if (found.Value.One is { } one) Write(one, writer);
            else
            {
                writer.WriteStartArray();
                foreach (var item in found.Value.Many) Write(item, writer);
                writer.WriteEndArray();
            }
        }
        catch (WorkExceededException)
        {
            throw Fails(reference.Name, "references of this request point at too much");
        }
    }

    private void Write(JsonElement value, Utf8JsonWriter writer)
    {
        var octets = JsonMarshal.GetRawUtf8Value(value);
        if (writer.BytesCommitted + writer.BytesPending + octets.Length > mostOctets)
            throw MethodFailure.RequestTooLarge("references make the arguments longer than a request may be");
        writer.WriteRawValue(octets, skipInputValidation: true);
    }

    private static bool TryRead(JsonElement value, out string resultOf, out string name, out string path)
    {
        (resultOf, name, path) = ("", "", "");
        return value.ValueKind == JsonValueKind.Object && TryText(value, "resultOf"u8, out resultOf)
            && TryText(value, "name"u8, out name) && TryText(value, "path"u8, out path);
    }

    private static bool TryText(JsonElement of, ReadOnlySpan<byte> name, out string text)
    {
        text = "";
        if (!of.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String) return false;
        text = value.GetString() ?? "";
        return true;
    }

    private static MethodFailure Fails(string argument, string why) => new("invalidResultReference", $"{argument}: {why}");
}
