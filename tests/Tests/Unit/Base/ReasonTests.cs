using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Aviso.Base;
using Aviso.Guard;
using Xunit;

namespace Aviso.Tests.Unit.Base;

/// <summary>A reason by the name of its member, for tables of tests.</summary>
internal static class Reasons
{
    public static Reason Named(string member) => (Reason)typeof(Reason).GetField(member)!.GetValue(null)!;
}

public sealed class ReasonTests
{
    // Those that only read reasons.
    private static readonly string[] Listeners = [nameof(Reason), nameof(Scenario), nameof(CompatibilityLog)];

    private static readonly Assembly[] Ours = [typeof(Reason).Assembly, typeof(Aviso.Store.IMailStore).Assembly, typeof(Gatekeeper).Assembly, typeof(Aviso.Web.WebGate).Assembly];

    [Fact]
    public void Every_reason_is_said_somewhere()
    {
        var said = Ours.SelectMany(a => Mentions(a.Location)).Where(m => !Listeners.Contains(m.By)).Select(m => m.Member).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Members().Select(f => f.Name).Except(said));
        // The walk itself sees what is there and nothing else.
        Assert.Empty(said.Except(Members().Select(f => f.Name)));
        Assert.Contains(Mentions(typeof(Reason).Assembly.Location), m => m is { By: "SmtpSession", Member: nameof(Reason.BareLineFeed) });
    }

    [Fact]
    public void The_catalogue_is_whole_and_each_word_stands_for_one_reason()
    {
        Assert.Equal(Members().Select(f => (Reason)f.GetValue(null)!).ToHashSet(), Reason.All.ToHashSet());
        Assert.Equal(Reason.All.Count, Reason.All.Select(r => r.Word).Distinct(StringComparer.Ordinal).Count());
        var evidence = Reason.All.Where(r => r.IsEvidence).Select(r => r.EvidenceWord!).ToList();
        Assert.Equal(evidence.Count, evidence.Distinct(StringComparer.Ordinal).Count());
        Assert.All(Reason.All, r => Assert.True(r.EndsSession || !r.IsDrop));
    }

    [Fact]
    public void Evidence_is_what_scenarios_count_and_scenarios_count_evidence_only()
    {
        var counted = Scenario.All.SelectMany(s => s.Reasons).Append(Reason.LoginFailed).ToHashSet();
        Assert.Equal(Reason.All.Where(r => r.IsEvidence).ToHashSet(), counted);
    }

    [Fact]
    public void Words_that_dashboards_and_logs_know_stay_as_they_are()
    {
        Assert.Equal(
            ["unknown", "relay", "spam", "virus", "greylist", "unscanned", "full", "suspended", "login", "recipients", "sieve", "store", "size", "loop", "send-as", "sending", "rate",
                "fault", "header", "dmarc"],
            Reason.All.TakeWhile(r => r != Reason.NextHop).Select(r => r.Word));
        Assert.Equal(
            ["bad-commands", "bare-lf", "clear-after-starttls", "client-limit", "early-talker", "helo-rejected", "idle-commands", "login-failed", "non-smtp-command",
                "octets-before-login", "out-of-step", "proxy-untrusted", "rate-limit", "refused-recipients", "relay-denied", "spam", "spam-trap", "unknown-recipient"],
            Reason.All.Where(r => r.IsEvidence).Select(r => r.EvidenceWord!).Order(StringComparer.Ordinal));
        Assert.Superset(
            new HashSet<string>(StringComparer.Ordinal) { "bad-chunk", "banned", "command-rate", "credential-changed", "endless-message", "error", "failed-logins", "gate", "listener-full", "made-room", "no-request",
                "proxy-header", "proxy-timeout", "session-time", "timeout" },
            Reason.All.Where(r => r is { IsDrop: true, IsEvidence: false }).Select(r => r.Word).ToHashSet());
    }

    private static FieldInfo[] Members() => [.. typeof(Reason).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.FieldType == typeof(Reason))];

    // Which type's code reads which member: from the instructions themselves, so that no spelling can hide or fake one.
    private static IEnumerable<(string By, string Member)> Mentions(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        var reader = file.GetMetadataReader();
        var found = new List<(string, string)>();
        foreach (var type in reader.TypeDefinitions.Select(reader.GetTypeDefinition))
        {
            foreach (var method in type.GetMethods().Select(reader.GetMethodDefinition))
            {
                if (method.RelativeVirtualAddress == 0) continue;
                foreach (var token in StaticFieldsRead(file.GetMethodBody(method.RelativeVirtualAddress).GetILBytes()!))
                    if (MemberOf(reader, MetadataTokens.EntityHandle(token)) is { } member) found.Add((Outermost(reader, type), member));
            }
        }
        return found;
    }

    private static string? MemberOf(MetadataReader reader, EntityHandle field)
    {
        switch (field.Kind)
        {
            case HandleKind.FieldDefinition:
                var own = reader.GetFieldDefinition((FieldDefinitionHandle)field);
                var owner = reader.GetTypeDefinition(own.GetDeclaringType());
                var isPublic = (own.Attributes & FieldAttributes.FieldAccessMask) == FieldAttributes.Public;
                return isPublic && Is(reader, owner.Namespace, owner.Name) ? reader.GetString(own.Name) : null;
            case HandleKind.MemberReference:
                var other = reader.GetMemberReference((MemberReferenceHandle)field);
                if (other.Parent.Kind != HandleKind.TypeReference) return null;
                var parent = reader.GetTypeReference((TypeReferenceHandle)other.Parent);
                return Is(reader, parent.Namespace, parent.Name) ? reader.GetString(other.Name) : null;
            default: return null;
        }
    }

    private static bool Is(MetadataReader reader, StringHandle space, StringHandle name) =>
        reader.GetString(name) == nameof(Reason) && reader.GetString(space) == typeof(Reason).Namespace;

    private static string Outermost(MetadataReader reader, TypeDefinition type)
    {
        while (!type.GetDeclaringType().IsNil) type = reader.GetTypeDefinition(type.GetDeclaringType());
        return reader.GetString(type.Name);
    }

    private static IEnumerable<int> StaticFieldsRead(byte[] code)
    {
        for (var at = 0; at < code.Length;)
        {
            var value = code[at] == 0xFE ? (short)((0xFE << 8) | code[at + 1]) : code[at];
            var operation = Operations[value];
            at += operation.Size;
            if (operation == OpCodes.Ldsfld) yield return BitConverter.ToInt32(code, at);
            at += operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }

    private static readonly Dictionary<short, OpCode> Operations = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(o => o.Value);
}
