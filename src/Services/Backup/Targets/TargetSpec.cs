using System.Security.Cryptography.X509Certificates;

namespace Aviso.Backup;

/// <summary>Where a target is and how it lets us in, as settings or the command line say it: one of folder, S3 and SFTP.</summary>
public sealed record TargetSpec(string Name, string? Folder, string? S3, string? Sftp)
{
    private const string PlainS3 = "s3+http";

    public string Region { get; init; } = "us-east-1";

    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

    /// <summary>Object lock of S3; null: none.</summary>
    public TimeSpan? LockFor { get; init; }

    /// <summary>Null: the system's.</summary>
    public X509Certificate2Collection? Roots { get; init; }

    public string? Password { get; init; }

    /// <summary>A private key, as text.</summary>
    public string? Identity { get; init; }

    /// <summary>SHA256:... of the host's key; null: any is taken, which <see cref="Problem"/> refuses.</summary>
    public string? HostKey { get; init; }

    /// <summary>Why there can be no such target; empty: nothing is wrong that can be seen from here.</summary>
    public string Problem
    {
        get
        {
            if (new[] { Folder, S3, Sftp }.Count(w => w is not null) != 1) return "say one of `folder`, `s3` and `sftp`";
            if (S3 is not null && Bucket() is null) return $"`{S3}` is no s3://HOST/BUCKET/PREFIX";
            if (S3 is not null && (AccessKey is null || SecretKey is null)) return "`s3` needs `access_key` and `secret_key`";
            if (Sftp is not null && Host() is null) return $"`{Sftp}` is no sftp://USER@HOST/PATH";
            if (Sftp is not null && Password is null && Identity is null) return "`sftp` needs `identity` or `password`";
            if (Sftp is not null && HostKey is null) return "`sftp` needs `host_key`: without it anybody could stand for the host";
            return "";
        }
    }

    /// <summary>As written on a command line: a folder, s3://... or sftp://...</summary>
    public static TargetSpec Of(string text) => text.StartsWith("s3://", StringComparison.Ordinal)
        || text.StartsWith(PlainS3 + "://", StringComparison.Ordinal)
        ? new(text, null, text, null) : text.StartsWith("sftp://", StringComparison.Ordinal) ? new(text, null, null, text)
            : new(text, Path.GetFullPath(text), null, null);

    /// <exception cref="ArgumentException">There is a <see cref="Problem"/>.</exception>
    public ITarget Open(TimeProvider clock)
    {
        if (Problem is { Length: > 0 } problem) throw new ArgumentException(problem, nameof(clock));
        if (Folder is not null) return new FolderTarget(Name, Folder);
        if (Bucket() is { } bucket) return new S3Target(Name, bucket, new(AccessKey!, SecretKey!, Region), LockFor, Roots, clock);
        return new SftpTarget(Name, Host()!, Password, Identity, HostKey!);
    }

    /// <summary>s3://HOST/BUCKET/PREFIX; s3+http:// for a server on this machine.</summary>
    private S3Bucket? Bucket()
    {
        if (!Uri.TryCreate(S3, UriKind.Absolute, out var at) || at.Scheme is not ("s3" or PlainS3) || at.Host.Length == 0) return null;
        var path = at.AbsolutePath.Trim('/').Split('/', 2);
        if (path[0].Length == 0 || (at.Scheme == PlainS3 && !at.IsLoopback)) return null;
        var door = at.Port > 0 ? $":{at.Port}" : "";
        return new(new($"{(at.Scheme == PlainS3 ? "http" : "https")}://{at.Host}{door}/"), path[0], path.Length > 1 ? path[1] + "/" : "");
    }

    private SftpPlace? Host()
    {
        if (!Uri.TryCreate(Sftp, UriKind.Absolute, out var at) || at.Scheme != "sftp" || at.Host.Length == 0 || at.UserInfo.Length == 0
            || at.UserInfo.Contains(':')) return null;
        // As scp has it: one slash is below the user's own folder, two begin an absolute path.
        var path = Uri.UnescapeDataString(at.AbsolutePath).TrimEnd('/');
        return new(at.Host, at.Port > 0 ? at.Port : 22, Uri.UnescapeDataString(at.UserInfo), path.Length > 1 ? path[1..] : ".");
    }
}

/// <param name="Server">Scheme, host and port, with a slash at its end.</param>
/// <param name="Prefix">What names begin with; empty or with a slash at its end.</param>
internal sealed record S3Bucket(Uri Server, string Bucket, string Prefix);

internal sealed record SftpPlace(string Host, int Port, string User, string Path);
