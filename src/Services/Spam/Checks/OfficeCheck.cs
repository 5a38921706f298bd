namespace Aviso.Spam;

/// <summary>Attached documents that run, fetch or hide something.</summary>
public sealed class OfficeCheck : ISpamCheck
{
    public string Name => "office";

    public bool IsHeavy(SpamContext context) => context.Content.Files.Any(IsDocument);

    // A document of the largest size takes some time to unpack.
    public TimeSpan Budget => TimeSpan.FromSeconds(3);

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        foreach (var file in context.Content.Files)
        {
            if (!IsDocument(file)) continue;
            cancel.ThrowIfCancellationRequested();
            if (file.Content.IsEmpty)
            {
                if (file.Kind != FileKind.Empty) context.Add("OFFICE_UNREAD", 0.5, $"{file.Name} is too large to look into");
                continue;
            }
            foreach (var (finding, reason) in OfficeDocument.Look(file.Content, file.Extension, context.Work).Found)
            {
                var (symbol, score) = Score(finding);
                context.Add(symbol, score, $"{file.Name}: {reason}");
            }
        }
        return default;
    }

    private static bool IsDocument(AttachedFile file) =>
        file.Kind is FileKind.Ole or FileKind.Zip or FileKind.Rtf || file.Extension is "slk" or "csv" or "xml";

    private static (string Symbol, double Score) Score(OfficeFinding finding) => finding switch
    {
        OfficeFinding.Macro => ("OFFICE_MACRO", 2.5),
        OfficeFinding.MacroAuto => ("OFFICE_MACRO_AUTO", 1.5),
        OfficeFinding.MacroCalls => ("OFFICE_MACRO_CALLS", 2),
        OfficeFinding.Xlm => ("OFFICE_XLM", 4),
        OfficeFinding.Dde => ("OFFICE_DDE", 4),
        OfficeFinding.RemoteTemplate => ("OFFICE_TEMPLATE", 4),
        OfficeFinding.External => ("OFFICE_EXTERNAL", 1),
        OfficeFinding.Encrypted => ("OFFICE_ENCRYPTED", 2),
        OfficeFinding.Program => ("OFFICE_PROGRAM", 4),
        OfficeFinding.Limit => (SpamContext.LimitSymbol, 1),
        OfficeFinding.Package => ("OFFICE_PACKAGE", 0.5),
        _ => ("OFFICE_UNREAD", 0),
    };
}
