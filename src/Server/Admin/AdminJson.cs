using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Aviso.Accounts;
using Aviso.Backup;
using Aviso.Delivery;
using Aviso.Doctor;
using Aviso.Moving;
using Aviso.Settings;
using Aviso.Store;
using Aviso.Store.Rebuild;
using Aviso.Verbs;

namespace Aviso.Admin;

/// <summary>How answers of the admin socket become JSON: names in snake case, by code that the compiler wrote. A type that is not listed
/// here does not compile as an answer.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AccountInfo))]
[JsonSerializable(typeof(AliasInfo))]
[JsonSerializable(typeof(AppPasswordInfo))]
[JsonSerializable(typeof(CertificateRow))]
[JsonSerializable(typeof(ApplyRow))]
[JsonSerializable(typeof(CheckRow))]
[JsonSerializable(typeof(DnsRow))]
[JsonSerializable(typeof(DomainInfo))]
[JsonSerializable(typeof(ExpungedRow))]
[JsonSerializable(typeof(ExportResult))]
[JsonSerializable(typeof(MovePlan))]
[JsonSerializable(typeof(MoveStatus))]
[JsonSerializable(typeof(DrillReport))]
[JsonSerializable(typeof(NewAppPassword))]
[JsonSerializable(typeof(NewTotp))]
[JsonSerializable(typeof(PartReport))]
[JsonSerializable(typeof(PasskeyInfo))]
[JsonSerializable(typeof(ProbeResult))]
[JsonSerializable(typeof(ProbeStatus))]
[JsonSerializable(typeof(QueueEntry))]
[JsonSerializable(typeof(QueueRow))]
[JsonSerializable(typeof(RebuildReport))]
[JsonSerializable(typeof(ReportSummary))]
[JsonSerializable(typeof(RotationRow))]
[JsonSerializable(typeof(ScriptRow))]
[JsonSerializable(typeof(SieveTrialReport))]
[JsonSerializable(typeof(SigningKeyInfo))]
[JsonSerializable(typeof(StoreFinding))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(RelayRow))]
[JsonSerializable(typeof(SuppressedAddress))]
[JsonSerializable(typeof(SwitchRow))]
[JsonSerializable(typeof(CopyState))]
[JsonSerializable(typeof(TotpStatus))]
[JsonSerializable(typeof(VerifyReport))]
[JsonSerializable(typeof(WaitingKey))]
[JsonSerializable(typeof(WholeReport))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    /// <summary>Text for people: nothing is escaped that JSON does not ask for.</summary>
    public static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = Default };
}
