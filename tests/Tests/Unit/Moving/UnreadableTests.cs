using System.Runtime.InteropServices;
using Aviso.Moving;
using Xunit;

namespace Aviso.Tests.Unit.Moving;

/// <summary>What may not be read is said: it is never taken for what is not there.</summary>
public sealed partial class UnreadableTests : IDisposable
{
    private const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode NamesOnly = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string _folder = Directory.CreateTempSubdirectory("aviso-shut-").FullName;

    public UnreadableTests() => File.SetUnixFileMode(_folder, All);

    public void Dispose()
    {
        OpenAll();
        Directory.Delete(_folder, recursive: true);
    }

    // Whatever the umask of this process is: a server that another test starts sets it.
    private void OpenAll()
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(_folder, "*", SearchOption.AllDirectories).ToList())
            File.SetUnixFileMode(entry, All);
    }

    [Theory]
    [InlineData(UnixFileMode.None)]
    [InlineData(NamesOnly)]
    public void A_folder_of_a_maildir_that_is_shut_is_an_error(UnixFileMode mode)
    {
        var old = new OldMaildir(Path.Combine(_folder, "alice"));
        var shut = old.Folder("Shut");
        shut.Add("Subject: in there\n\nx\n");
        shut.Save();
        OpenAll();
        AsStranger(() => new MaildirSource(new(old.Path)).Dispose());
        File.SetUnixFileMode(shut.Path, mode);
        Assert.Contains(shut.Path, Refused(() => new MaildirSource(new(old.Path)).Dispose()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.None)]
    [InlineData(NamesOnly)]
    public void The_mail_of_an_account_of_docker_mailserver_that_is_shut_is_an_error(UnixFileMode mode)
    {
        var config = Directory.CreateDirectory(Path.Combine(_folder, "config")).FullName;
        File.WriteAllText(Path.Combine(config, "postfix-accounts.cf"), "alice@example.test|{PLAIN}x\n");
        _ = new OldMaildir(Path.Combine(_folder, "mail-data", "example.test", "alice"));
        var request = new MoveRequest("docker-mailserver", config, "alice@example.test");
        OpenAll();
        AsStranger(() => Assert.NotNull(MailserverReader.Read(request).Accounts[0].Mail));
        File.SetUnixFileMode(Path.Combine(_folder, "mail-data", "example.test"), mode);
        Assert.Contains("example.test", Refused(() => MailserverReader.Read(request)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eml")]
    [InlineData("mbox")]
    public void A_folder_of_an_archive_that_is_shut_is_an_error(string kind)
    {
        var shut = Directory.CreateDirectory(Path.Combine(_folder, "Shut")).FullName;
        foreach (var folder in (string[])[_folder, shut])
            File.WriteAllText(Path.Combine(folder, "1." + kind), "From a x\nSubject: 1\n\nx\n");
        Action open = kind == "eml" ? () => new EmlSource(_folder).Dispose() : () => new MboxSource(_folder).Dispose();
        OpenAll();
        AsStranger(open);
        File.SetUnixFileMode(shut, UnixFileMode.None);
        Assert.Contains("Shut", Refused(open), StringComparison.Ordinal);
    }

    private static string Refused(Action act)
    {
        var said = "";
        AsStranger(() => said = Assert.Throws<SourceException>(act).Message);
        return said;
    }

    // Modes are nothing to root, as which tests may run: one thread looks as another user does (setfsuid(2) is of the thread).
    private static void AsStranger(Action act)
    {
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            if (Environment.IsPrivilegedProcess) _ = SetFsUid(65534);
            try
            {
                act();
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        thread.Start();
        thread.Join();
        if (thrown is not null) throw new InvalidOperationException("as another user", thrown);
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFsUid(uint user);
}
