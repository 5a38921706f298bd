namespace Aviso.Moving;

/// <summary>Keys that signed mail: OpenDKIM's KeyTable and folders, and those of Rspamd.</summary>
internal static class MailserverKeys
{
    private const int MostOctets = 64 << 10;

    public static IReadOnlyList<MoveKey> Read(string config, List<MoveNote> notes)
    {
        var keys = new List<MoveKey>();
        OpenDkim(Path.Combine(config, "opendkim"), keys, notes);
        Rspamd(Path.Combine(config, "rspamd"), keys, notes);
        return keys;
    }

    // opendkim/keys/DOMAIN/SELECTOR.private
    private static void OpenDkim(string folder, List<MoveKey> keys, List<MoveNote> notes)
    {
        var all = new DirectoryInfo(Path.Combine(folder, "keys"));
        if (!all.Exists) return;
        foreach (var domain in all.EnumerateDirectories().OrderBy(domain => domain.Name, StringComparer.Ordinal))
            foreach (var file in domain.EnumerateFiles("*.private")) Add(keys, notes, domain.Name, Path.GetFileNameWithoutExtension(
                file.Name), file.FullName);
    }

    // override.d/dkim_signing.conf: domain { example.org { path = "/tmp/docker-mailserver/rspamd/dkim/...private.txt"; selector = "mail";
    // } }
    private static void Rspamd(string folder, List<MoveKey> keys, List<MoveNote> notes)
    {
        var conf = Path.Combine(folder, "override.d", "dkim_signing.conf");
        if (MaildirLayout.SmallText(conf, 1 << 20) is not { } text) return;
        foreach (var (domain, path, selector) in RspamdKeys(text))
        {
            // The path is that of the container: the file's name is what is left of it here.
            var file = Path.Combine(folder, "dkim", Path.GetFileName(path));
            if (File.Exists(file)) Add(keys, notes, domain, selector, file);
            else notes.Add(new(NoteKind.Damaged, conf, $"names the key {path} of {domain}, and there is no {file}"));
        }
    }

    internal static IReadOnlyList<(string Domain, string Path, string Selector)> RspamdKeys(string text)
    {
        var (found, words) = (new List<(string, string, string)>(), Words(text));
        var (outer, path, selector) = (new Stack<string>(), "", "");
        for (var i = 0; i < words.Count; i++)
        {
            var next = i + 1 < words.Count ? words[i + 1] : "";
            if (next == "{")
            {
                outer.Push(words[i++]);
                // Several keys of one domain stand in a list: selectors [ { ... }, { ... } ].
                (path, selector) = ("", "");
            }
            else if (words[i] == "{") outer.Push("");
            else if (next == "=" && i + 2 < words.Count)
            {
                if (words[i] == "path") path = words[i + 2];
                else if (words[i] == "selector") selector = words[i + 2];
                i += 2;
            }
            if (words[i] == "}" && outer.Count > 0) outer.Pop();
            if (path.Length == 0 || selector.Length == 0) continue;
            if (outer.FirstOrDefault(name => name.Contains('.', StringComparison.Ordinal)) is { } domain) found.Add(
                (domain, path, selector));
            (path, selector) = ("", "");
        }
        return found;
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        foreach (var raw in text.Split('\n').Take(10_000))
        {
            var line = raw.IndexOf('#', StringComparison.Ordinal) is >= 0 and var comment ? raw[..comment] : raw;
            foreach (var mark in "{}=[]") line = line.Replace(mark.ToString(), $" {mark} ", StringComparison.Ordinal);
            words.AddRange(line.Split([' ', '\t', ';', ',', '\r'], StringSplitOptions.RemoveEmptyEntries)
                .Where(word => word is not ("[" or "]")).Select(word => word.Trim('"', '\'')));
        }
        return words;
    }

    private static void Add(List<MoveKey> keys, List<MoveNote> notes, string domain, string selector, string file)
    {
        try
        {
            if (MaildirLayout.SmallText(file, MostOctets) is { } pem && pem.Contains("PRIVATE KEY", StringComparison.Ordinal)) keys.Add(
                new(domain, selector, pem, file));
            else notes.Add(new(NoteKind.Damaged, file, "is no private key"));
        }
        catch (SourceException e)
        {
            notes.Add(new(NoteKind.Damaged, file, e.Message));
        }
    }
}
