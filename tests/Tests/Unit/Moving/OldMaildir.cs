using System.Globalization;
using System.Text;
using Aviso.Moving;

namespace Aviso.Tests.Unit.Moving;

/// <summary>A folder of a Maildir as Dovecot would leave it. Letters come and go by these methods; <see cref="Save"/> writes the list of
/// UIDs.</summary>
internal sealed class OldMaildir
{
    private static int _names;

    public OldMaildir(string path, uint uidValidity = 77)
    {
        (Path, UidValidity) = (path, uidValidity);
        foreach (var sub in (string[])["cur", "new", "tmp"]) Directory.CreateDirectory(System.IO.Path.Combine(path, sub));
        Save();
    }

    public string Path { get; }

    public uint UidValidity { get; }

    public uint UidNext { get; set; } = 1;

    public List<OldLetter> Letters { get; } = [];

    /// <summary>Another folder beside this one, its levels with dots between.</summary>
    public OldMaildir Folder(string name, uint uidValidity = 78) => new(System.IO.Path.Combine(Path, "." + name), uidValidity);

    public OldLetter Add(string text, uint uid = 0)
    {
        if (uid == 0) uid = UidNext;
        UidNext = uid + 1;
        var letter = Put("cur", text);
        letter.Uid = uid;
        return letter;
    }

    /// <summary>It came, and the old server has not looked since: it has no UID yet.</summary>
    public OldLetter Deliver(string text) => Put("new", text);

    public void Remove(OldLetter letter)
    {
        Letters.Remove(letter);
        File.Delete(letter.Path);
    }

    public void Save()
    {
        var list = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"3 V{UidValidity} N{UidNext} Gx\n"));
        foreach (var letter in Letters.Where(letter => letter.Uid > 0).OrderBy(letter => letter.Uid))
            list.Append(CultureInfo.InvariantCulture, $"{letter.Uid} :{letter.Name}\n");
        File.WriteAllText(System.IO.Path.Combine(Path, "dovecot-uidlist"), list.ToString());
    }

    private OldLetter Put(string sub, string text)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{1_700_000_000 + Interlocked.Increment(ref _names)}.M1P1.old");
        var letter = new OldLetter(name, text, System.IO.Path.Combine(Path, sub, sub == "cur" ? name + ":2,S" : name));
        File.WriteAllText(letter.Path, text);
        Letters.Add(letter);
        return letter;
    }
}

/// <summary>A message there.</summary>
internal sealed class OldLetter(string name, string text, string path)
{
    public string Name => name;

    public string Text => text;

    public string Path { get; } = path;

    /// <summary>0: none yet.</summary>
    public uint Uid { get; set; }

    public UInt128 Key => MaildirSource.KeyOf(name);
}
