namespace Aviso.Spam;

/// <summary>Attached files by name and by their first octets, inside archives and attached mail too.</summary>
public sealed class FileCheck : ISpamCheck
{
    public string Name => "file";

    // Archives of the largest size take some time to look through.
    public TimeSpan Budget => TimeSpan.FromSeconds(3);

    public bool IsHeavy(SpamContext context) => context.Content.Files.Any(FileWalk.MayHold);

    public ValueTask CheckAsync(SpamContext context, CancellationToken cancel)
    {
        var walk = new FileWalk(context);
        foreach (var file in context.Content.Files)
        {
            cancel.ThrowIfCancellationRequested();
            FileNames.Look(context, file.Name, file.Kind, "");
            ByKind(context, file);
            walk.Attached(file);
        }
        return default;
    }

    private static void ByKind(SpamContext context, AttachedFile file)
    {
        var name = file.Name.Length == 0 ? file.Type : file.Name;
        if (FileNames.IsProgram(file.Kind)) context.Add("FILE_PROGRAM", 5, name);
        else if (file.Kind is FileKind.Vhd or FileKind.Ace or FileKind.Arj) context.Add("FILE_DISK", 4, name);
        if (FileNames.IsPage(file.Kind, file.Extension)) context.Add("FILE_HTML", 1.2, name);
    }
}
