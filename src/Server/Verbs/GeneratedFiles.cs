using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>The files of the checkout that are written by the program.</summary>
internal static class GeneratedFiles
{
    public static IReadOnlyDictionary<string, Func<string>> All { get; } = new Dictionary<string, Func<string>>
    {
        ["docs/manual/settings.md"] = SettingsManual.Page,
        ["docs/manual/verbs.md"] = () => VerbsManual.Page(CommandTree.Build()),
        ["docs/doctor.md"] = DoctorManual.Page,
        ["docs/aviso.schema.json"] = SettingsSchema.Write,
        ["deploy/aviso.sample.yaml"] = () => SettingsManual.Sample(SampleNames.Example),
    };

    public static void Write(string checkout)
    {
        foreach (var (name, write) in All)
        {
            var path = Path.Combine(checkout, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, write());
        }
    }

    /// <summary>Names of files that are not what the program would write.</summary>
    public static IReadOnlyList<string> Old(string checkout) => [.. All
        .Where(f => !File.Exists(Path.Combine(checkout, f.Key)) || File.ReadAllText(Path.Combine(checkout, f.Key)) != f.Value())
            .Select(f => f.Key)];
}
