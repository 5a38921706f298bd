using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Spam;

namespace Aviso.Bench;

/// <summary>One message of the corpus, without what tells where it was kept.</summary>
/// <param name="Year">By its Date field; 0 when that cannot be read.</param>
internal sealed record CorpusMessage(string Id, string Source, bool IsSpam, int Year, byte[] Octets)
{
    /// <summary>Settings are chosen on this half; figures are those of the other.</summary>
    public bool IsForTuning => Id[^1] is >= '0' and <= '7';
}

/// <summary>The suite of ham, spam and phishing (its README says what is in it and what must be removed before measuring).</summary>
internal static partial class SpamCorpus
{
    private static readonly string[] Removed =
        ["delivered-to", "x-original-to", "return-path", "received", "authentication-results"];

    /// <summary>
    /// Messages of public lists, presumed ham because nobody sorted those lists, that are letters of advance-fee and lottery fraud. They
    /// count as ham in the figures; beside them stands what the figures are without them.
    /// </summary>
    public static readonly IReadOnlySet<string> Disputed = new HashSet<string>(StringComparer.Ordinal)
    {
        "60468a513485cc469f8db707db2c781edcbaf0b2", "0003825037b3ea1921800a7779164bd53183f291", "4059bfabe98be8967bdb780e094861bf90c9b1ec",
        "706561d2027015e447b8f114df8d42274a4156c4", "1051d4b714ffd4269a30e7010a25eb20384c6e6a", "30520086604ef4e09de505f11fc02c7d0177d04e",
    };

    private static readonly string[] RemovedPrefixes = ["list-", "x-spam-", "x-microsoft-", "x-ms-"];

    /// <summary>The whole corpus, by id. Throws when the suite is not on this machine.</summary>
    public static async Task<IReadOnlyList<CorpusMessage>> LoadAsync()
    {
        var suite = Find()
            ?? throw new IOException("the suite `spam` is not on this machine (set AVISO_SUITES to the folder that holds it)");
        var folder = Directory.CreateTempSubdirectory("aviso-corpus-").FullName;
        try
        {
            foreach (var archive in Directory.GetFiles(suite, "*.tar.xz", SearchOption.AllDirectories))
            {
                using var tar = Process.Start(new ProcessStartInfo("tar", ["xJf", archive, "-C", folder]))!;
                await tar.WaitForExitAsync();
                if (tar.ExitCode != 0) throw new IOException($"{archive} cannot be unpacked");
            }
            var messages = new List<CorpusMessage>();
            foreach (var kind in Directory.GetDirectories(suite))
            {
                foreach (var archive in Directory.GetFiles(kind, "*.tar.xz"))
                {
                    var source = Path.GetFileName(archive)[..^".tar.xz".Length];
                    foreach (var file in Directory.GetFiles(Path.Combine(folder, source), "*.eml"))
                    {
                        var octets = Clean(await File.ReadAllBytesAsync(file));
                        messages.Add(
                            new(Path.GetFileNameWithoutExtension(file), source, Path.GetFileName(kind) != "ham", YearOf(octets), octets));
                    }
                }
            }
            return [.. messages.OrderBy(m => m.Id, StringComparer.Ordinal)];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The message as a check sees it, with nothing known of how it came.</summary>
    public static SpamInput Input(CorpusMessage message, BodySpool spool)
    {
        var body = spool.Begin();
        body.Write(message.Octets);
        var scanner = new MimeScanner();
        scanner.Append(message.Octets);
        return new() { Body = body, Root = scanner.Finish() };
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("AVISO_SUITES") is { Length: > 0 } given) return Path.Combine(given, "spam");
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var candidate = Path.Combine(at.FullName, "shared", "suites", "spam");
            if (Directory.Exists(candidate)) return candidate;
        }
        return null;
    }

    private static byte[] Clean(byte[] octets)
    {
        var text = Words().Replace(Encoding.Latin1.GetString(octets), "");
        if (text.StartsWith("From ", StringComparison.Ordinal)) text = text[(text.IndexOf('\n') + 1)..];
        var message = Encoding.Latin1.GetBytes(text);
        var cleaned = new MemoryStream(message.Length);
        var end = 0;
        foreach (var field in new HeaderFields(message))
        {
            end = field.Offset + field.Length;
            var name = Encoding.Latin1.GetString(field.Name).ToLowerInvariant();
            if (Removed.Contains(name) || RemovedPrefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal))) continue;
            cleaned.Write(message, field.Offset, field.Length);
        }
        cleaned.Write(message, end, message.Length - end);
        return cleaned.ToArray();
    }

    private static int YearOf(byte[] octets)
    {
        foreach (var field in new HeaderFields(octets))
        {
            if (field.Is("Date"u8) && MailDate.TryParse(field.Value, out var date)) return date.Year is > 1990 and < 2030 ? date.Year : 0;
        }
        return 0;
    }

    [GeneratedRegex("phishing@pot|taint\\.org|csmining\\.org|lfdr\\.de", RegexOptions.IgnoreCase)]
    private static partial Regex Words();
}
