using System.Text;
using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>
/// Looks into one attached file: archives of every kind by their octets, archives in them, and mail that is attached as a file. What is
/// inside is told by name and by its first octets; all of it costs the message's budget.
/// </summary>
internal sealed class FileWalk(SpamContext context)
{
    /// <summary>Containers in containers are followed so deep.</summary>
    private const int Deepest = 2;

    private const int HeadOctets = 1024;
    private const int MostHeads = 1000;
    private const int MostParts = 100;

    // Every message has some of these.
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "From", "To", "Subject", "Date", "Received", "MIME-Version", "Content-Type", "Message-ID", "Return-Path",
    };

    private int _heads;

    /// <summary>True when looking into it means to read it whole.</summary>
    public static bool MayHold(AttachedFile file) => IsContainer(file.Kind)
        || file.Kind is FileKind.Unknown or FileKind.Text or FileKind.Pgp;

    public void Attached(AttachedFile file)
    {
        if (!MayHold(file)) return;
        var octets = file.Content;
        var name = file.Name.Length == 0 ? file.Type : file.Name;
        if (!octets.IsEmpty) Look(name, KindOf(file.Kind, octets.Span), octets, Deepest);
        else if (IsContainer(file.Kind)) context.Add("FILE_UNREAD", 0.5, $"{name} is too large to look into");
    }

    private void Look(string name, FileKind kind, ReadOnlyMemory<byte> octets, int depth)
    {
        if (IsMail(octets.Span))
        {
            Mail(name, octets, depth);
            return;
        }
        if (ArchiveList.Read(kind, octets, name, context.Work) is not { } list) return;
        if (list.IsHidden) context.Add("FILE_ENCRYPTED", 2, $"{name} hides its list behind a password");
        if (list.IsCut) context.LimitHit($"{name} has more files than are looked at");
        if (list.IsBroken) context.Add("FILE_UNREAD", 0.5, $"the list of {name} cannot be read");
        // The parts of a document are not files for its reader; OfficeCheck looks at them.
        var isDocument = list.Files.Exists(f => f.Name is "[Content_Types].xml" or "mimetype");
        foreach (var file in list.Files) Inside(file, name, isDocument, depth);
    }

    private void Inside(PackedFile file, string archive, bool isDocument, int depth)
    {
        context.Work.Step(16);
        if (file.IsEncrypted) context.Add("FILE_ENCRYPTED", 2, $"{archive} wants a password");
        if (file.Name.EndsWith("vbaProject.bin", StringComparison.OrdinalIgnoreCase))
            context.Add("OFFICE_MACRO", 2.5, $"{archive} has macros");
        var head = isDocument ? null : HeadOf(file);
        var kind = head is { } known ? FileMagic.Of(known.Span) : FileKind.Unknown;
        FileNames.Look(context, file.Name, kind, archive);
        if (head is not { IsEmpty: false } begin || file.Open is not { } open) return;
        if (FileNames.IsProgram(kind)) context.Add("FILE_PROGRAM_PACKED", 4, $"{file.Name} in {archive}");
        if (FileNames.IsPage(kind, AttachedFile.ExtensionOf(file.Name))) context.Add("FILE_HTML", 1.2, $"{file.Name} in {archive}");
        if (!IsContainer(kind) && !IsMail(begin.Span)) return;
        if (depth == 0)
        {
            context.LimitHit($"{archive} has archives in archives in archives");
            return;
        }
        var whole = open(Unpacker.Most);
        if (whole.IsCut) context.LimitHit($"{file.Name} in {archive} is longer than what is looked at");
        Look(file.Name, kind, whole.Octets, depth - 1);
    }

    private ReadOnlyMemory<byte>? HeadOf(PackedFile file)
    {
        if (file.IsEncrypted || file.Open is not { } open) return null;
        if (++_heads <= MostHeads) return open(HeadOctets).Octets;
        context.LimitHit($"more than {MostHeads} files in archives", 0.5);
        return null;
    }

    private void Mail(string name, ReadOnlyMemory<byte> octets, int depth)
    {
        if (depth == 0)
        {
            context.LimitHit($"{name} has mail in mail in mail");
            return;
        }
        context.Work.Take(octets.Length);
        var scanner = new MimeScanner();
        scanner.Append(octets.Span);
        var left = MostParts;
        foreach (var part in Leaves(scanner.Finish()))
        {
            if (left-- == 0)
            {
                context.LimitHit($"{name} has more than {MostParts} parts", 0.5);
                return;
            }
            if (part.FileName is not { } file) continue;
            context.Work.Take(part.BodyLength);
            var inner = TransferDecoder.DecodeAll(part.Encoding, octets.Span.Slice((int)part.BodyOffset, (int)part.BodyLength));
            Inside(new(file, IsEncrypted: false, most =>
                new(inner.AsMemory(0, Math.Min(inner.Length, most)), inner.Length > most, IsBroken: false)), name, isDocument: false,
                depth);
        }
    }

    // The scanner bounds depth and number of parts.
    private static IEnumerable<MimePart> Leaves(MimePart part)
    {
        var inner = part.Message is { } message ? [message] : part.Children;
        return inner.Count == 0 ? [part] : inner.SelectMany(Leaves);
    }

    private static bool IsContainer(FileKind kind) =>
        kind is FileKind.Zip or FileKind.Rar or FileKind.SevenZip or FileKind.Tar
            or FileKind.Gzip or FileKind.Bzip2 or FileKind.Xz or FileKind.Cab;

    // Programs find a zip archive by its end: what stands before it is no matter.
    private static FileKind KindOf(FileKind kind, ReadOnlySpan<byte> octets)
    {
        if (kind is not (FileKind.Unknown or FileKind.Text)) return kind;
        var tail = octets[Math.Max(0, octets.Length - (64 * 1024))..];
        return tail.LastIndexOf("PK\x05\x06"u8) >= 0 && tail.IndexOf("PK\x01\x02"u8) >= 0 ? FileKind.Zip : kind;
    }

    /// <summary>A message by its first lines: fields only, and two of those that every message has.</summary>
    private static bool IsMail(ReadOnlySpan<byte> octets)
    {
        if (octets.IsEmpty || !char.IsAsciiLetter((char)octets[0])) return false;
        var known = 0;
        var lines = Encoding.Latin1.GetString(octets[..Math.Min(octets.Length, HeadOctets)]).Split('\n');
        foreach (var line in lines.SkipLast(1))
        {
            if (line.Trim().Length == 0) break;
            if (line[0] is ' ' or '\t') continue;
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || line.AsSpan(0, colon).ContainsAnyExceptInRange('!', '~')) return false;
            if (Known.Contains(line[..colon])) known++;
        }
        return known >= 2;
    }
}
