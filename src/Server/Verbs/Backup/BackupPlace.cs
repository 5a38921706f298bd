using System.CommandLine;
using Aviso.Backup;
using Aviso.Secrets;
using Aviso.Settings;

namespace Aviso.Verbs;

/// <summary>Where a verb reads backups: a target of the settings, or one that the command line says together with the key, for a machine
/// on which there is nothing else.</summary>
/// <param name="Keep">By which points were let go; null with --from, where nobody knows.</param>
internal sealed record BackupPlace(ITarget Target, BackupKey Key, KeepRule? Keep, string? Data, string? Scratch)
{
    public static Option<string?> From { get; } = new("--from")
    {
        Description = "Instead of the settings: a folder, s3://HOST/BUCKET/PREFIX or sftp://USER@HOST/PATH. Keys of S3 are taken from "
            + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a password of SFTP from SFTP_PASSWORD.",
        HelpName = "WHERE",
    };

    public static Option<string?> KeyReference { get; } = new("--key")
    {
        Description = "With --from: the recovery key as env:NAME or file:PATH.",
        HelpName = "REFERENCE",
        DefaultValueFactory = _ =>
            "env:BACKUP_KEY",
    };

    public static Option<string?> Identity { get; } = new("--identity")
    {
        Description = "With --from sftp://: the file of the private "
        + "key.",
        HelpName = "FILE"
    };

    public static Option<string?> HostKey { get; } = new("--host-key")
    {
        Description = "With --from sftp://: the fingerprint of the host's key, SHA256:...",
        HelpName = "FINGERPRINT",
    };

    public static Option<string?> Region { get; } = new("--region") { Description = "With --from s3://: its region.", HelpName = "NAME" };

    public static IReadOnlyList<Option> Options { get; } = [BackupVerbs.Target, From, KeyReference, Identity, HostKey, Region];

    /// <summary>Null after saying why.</summary>
    public static async Task<BackupPlace?> OpenAsync(ParseResult parsed, TimeProvider clock, CancellationToken cancel)
    {
        var errors = parsed.InvocationConfiguration.Error;
        if (parsed.GetValue(From) is { } from) return Said(parsed, from, clock, errors);
        var path = CommandTree.ConfigPath(parsed);
        var (load, secrets) = await SettingsReader.OnceAsync(path, cancel);
        using (secrets)
        {
            if (load.Settings is not { } settings)
            {
                ProblemReport.Print(load, errors);
                return null;
            }
            var (target, problem) = BackupDesk.Find(settings, parsed.GetValue(BackupVerbs.Target));
            if (target is not null && BackupDesk.KeyOf(settings) is { } key && BackupMapping.Options(settings) is { } options)
                return new(BackupMapping.Target(target).Open(clock), key, options.Keep, settings.Data, options.Scratch);
            await errors.WriteLineAsync($"aviso: {problem}");
            return null;
        }
    }

    private static BackupPlace? Said(ParseResult parsed, string from, TimeProvider clock, TextWriter errors)
    {
        var reference = parsed.GetValue(KeyReference)!;
        var read = References.System.TryResolve(reference, Environment.CurrentDirectory);
        if (read is not { Text: { } text } || !BackupKey.TryParse(text, out var key))
        {
            errors.WriteLine($"aviso: {read?.Error ?? $"what {reference} holds is no recovery key of 64 hexadecimal digits"}");
            return null;
        }
        var spec = TargetSpec.Of(from) with
        {
            AccessKey = Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID"),
            SecretKey = Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY"),
            Region = parsed.GetValue(Region) ?? "us-east-1",
            Password = Environment.GetEnvironmentVariable("SFTP_PASSWORD"),
            Identity = parsed.GetValue(Identity) is { } file ? File.ReadAllText(file) : null,
            HostKey = parsed.GetValue(HostKey),
        };
        if (spec.Problem is { Length: > 0 } problem)
        {
            errors.WriteLine($"aviso: {problem}");
            return null;
        }
        return new(spec.Open(clock), key, null, null, null);
    }
}
