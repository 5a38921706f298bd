using System.CommandLine;
using Aviso.Base;
using Aviso.Settings;

namespace Aviso.Verbs;

internal static class InitVerb
{
    public static Command Build()
    {
        var address = new Argument<string>("ADDRESS") { Description = "The first account, who is also postmaster." };
        var verb = new Command("init", CommandTree.Help(
            "Write a commented settings file for the address's domain, to ./aviso.yaml or --config FILE. Never overwrites.",
            "aviso init alice@example.org", "aviso init alice@example.org --config /etc/aviso/aviso.yaml")) { address };
        verb.SetAction(async (parsed, cancel) =>
        {
            var io = parsed.InvocationConfiguration;
            if (Types.Address.Read(parsed.GetValue(address)!) is not { } first)
            {
                await io.Error.WriteLineAsync($"aviso: `{parsed.GetValue(address)}` is no mail address such as alice@example.org");
                return ExitStatus.Usage;
            }
            var path = parsed.GetValue(CommandTree.Config) ?? CommandTree.DefaultConfigs[0];
            var secret = $"file:{(MailAddress.TryCut(first, out var local, out _) ? local : first)}.password";
            try
            {
                await using var file = new StreamWriter(new FileStream(path, FileMode.CreateNew));
                await file.WriteAsync(SettingsManual.Sample(SampleNames.For(first, secret, "/var/lib/aviso")));
            }
            catch (IOException) when (File.Exists(path))
            {
                await io.Error.WriteLineAsync($"aviso: {path} is already there and was not touched");
                return ExitStatus.CouldNotRun;
            }
            await io.Output.WriteLineAsync($"wrote {path}. Next: put the password of {first} into {secret[5..]} beside it (readable by the server only), then `aviso check --config {path}`");
            return ExitStatus.Ok;
        });
        return verb;
    }
}
