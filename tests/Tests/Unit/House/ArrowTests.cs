using System.Text.RegularExpressions;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>Who may use whom: the arrows of docs/architecture.md, guarded by the `using` lines and qualified names in src.</summary>
public sealed partial class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Base"] = [],
        ["Mime"] = [],
        ["Dns"] = [],
        ["Net"] = ["Dns"],
        ["Smtp"] = ["Mime", "Dns", "Net"],
        ["MailAuth"] = ["Mime", "Dns"],
        ["Sieve"] = ["Mime"],
        ["Store"] = [],
        ["Accounts"] = ["Store", "Net"],
        ["Spam"] = ["Mime", "Dns", "Net", "MailAuth", "Store"],
        ["Guard"] = ["Smtp", "Net", "Store"],
        ["Delivery"] = ["Smtp", "MailAuth", "Sieve", "Spam", "Store", "Accounts", "Dns", "Mime", "Net"],
        ["Doctor"] = ["Delivery", "Dns", "Net"],
        ["Imap"] = ["Net", "Mime", "Store", "Accounts"],
        ["ManageSieve"] = ["Net", "Sieve", "Store", "Accounts"],
    };

    [Fact]
    public void Folders_use_only_the_folders_their_arrows_point_to()
    {
        var wrong = new List<string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Checkout.Root, "src"), "*.cs", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(Path.Combine(Checkout.Root, "src"), file).Replace('\\', '/').Split('/');
            if (path[0] is "Server" || path.Contains("obj") || path.Contains("bin")) continue;
            var folder = path[1];
            Assert.True(Allowed.ContainsKey(folder), $"src/{path[0]}/{folder} has no line in the table of arrows");
            foreach (Match match in Mentions().Matches(File.ReadAllText(file)))
            {
                var used = match.Groups[1].Value;
                if (used == folder || used == "Base" || Allowed[folder].Contains(used)) continue;
                if (Allowed.ContainsKey(used)) wrong.Add($"{string.Join('/', path)} uses Aviso.{used}");
            }
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_folder_of_the_table_exists() => Assert.DoesNotContain(Allowed.Keys, folder =>
        !Directory.EnumerateDirectories(Path.Combine(Checkout.Root, "src"), folder, SearchOption.AllDirectories).Any());

    [GeneratedRegex(@"\bAviso\.([A-Z][A-Za-z0-9]*)")]
    private static partial Regex Mentions();
}
