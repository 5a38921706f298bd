namespace Aviso.Moving;

/// <summary>What is asked for: a kind of source, where it is, and whose mail it becomes.</summary>
/// <param name="Kind">maildir, docker-mailserver, mbox, eml, takeout or imap.</param>
/// <param name="Path">A file or folder that the server's user may read; of imap HOST or HOST:PORT.</param>
/// <param name="Account">Whose; null where the source says.</param>
public sealed record MoveRequest(string Kind, string Path, string? Account)
{
    /// <summary>docker-mailserver: the folder of all mail, where it is not beside the settings.</summary>
    public string? Mail { get; init; }

    /// <summary>Where index files are, when not in the Maildir.</summary>
    public string? Indexes { get; init; }

    /// <summary>Private keys of mail_crypt: a PEM file or a folder of them.</summary>
    public string? Keys { get; init; }

    /// <summary>Where Sieve scripts are, when not in the Maildir or above it.</summary>
    public string? Home { get; init; }

    /// <summary>imap: who logs in there and how.</summary>
    public ImapLogin? Login { get; init; }
}

/// <summary>All kinds of sources.</summary>
public static class SourceKinds
{
    public static readonly string[] All = ["maildir", "docker-mailserver", "mbox", "eml", "takeout", "imap"];

    /// <exception cref="SourceException">It is no such source, or cannot be read.</exception>
    public static MoveSet Open(MoveRequest request)
    {
        if (request.Kind == "imap") return Server(request, ImapPlace.Of(request.Path, request.Login ?? new()));
        if (!Path.Exists(request.Path)) throw new SourceException(
            $"there is no {request.Path}, or the server's user ({Environment.UserName}) may not see it");
        return request.Kind switch
        {
            "docker-mailserver" => MailserverReader.Read(request),
            "maildir" => One(request, () => new MaildirSource(
                new(request.Path, request.Indexes, request.Home), request.Keys is { } keys ? new(MailCrypt.Load(keys)) : null)),
            "mbox" => One(request, () => new MboxSource(request.Path)),
            "takeout" => One(request, () => new MboxSource(request.Path, hasLabels: true)),
            "eml" => One(request, () => new EmlSource(request.Path)),
            _ => throw new SourceException($"`{request.Kind}` is no kind of source; known are {string.Join(", ", All)}"),
        };
    }

    private static MoveSet Server(MoveRequest request, ImapPlace place)
    {
        if (request.Account is not { Length: > 0 } address) throw new SourceException("say whose mail this becomes: --account ADDRESS");
        // A wrong name or password is said before anything else.
        ImapSource.Try(place);
        return new()
        {
            Title = $"{request.Kind} {place}",
            Accounts = [new(address, null, 0, [], () => new ImapSource(place), place.ToString())],
        };
    }

    private static MoveSet One(MoveRequest request, Func<MailSource> open)
    {
        if (request.Account is not { Length: > 0 } address) throw new SourceException("say whose mail this becomes: --account ADDRESS");
        // Opened once now, so that a wrong path is said before anything else.
        using (open())
        {
            return new() { Title = $"{request.Kind} {request.Path}", Accounts = [new(address, null, 0, [], open, request.Path)] };
        }
    }
}
