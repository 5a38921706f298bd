using Aviso.Accounts;
using Aviso.Imap;
using Microsoft.Extensions.Logging;

namespace Aviso.Moving;

/// <summary>How far the move of now is, or how the last one ended.</summary>
/// <param name="State">"none", "running", "done", "stopped" or "failed".</param>
/// <param name="Seconds">Since it began.</param>
/// <param name="SecondsLeft">As it looks now; null: not known.</param>
/// <param name="Results">One an account that was begun.</param>
public sealed record MoveStatus(
    string State, string What, string Now, long Done, long Total, long Octets, double Rate, double OctetRate, double Seconds,
        double? SecondsLeft,
    string? Error, IReadOnlyList<MoveResult> Results, IReadOnlyList<VerifyResult> Compared, IReadOnlyList<MoveNote> Notes)
{
    public static readonly MoveStatus None = new("none", "", "", 0, 0, 0, 0, 0, 0, null, null, [], [], []);

    /// <summary>It ended, and all of it is as it was wished.</summary>
    public bool IsGood => State == "done" && Results.All(one => one.Stopped is null)
        && Results.SelectMany(one => one.Notes).Concat(Notes).All(note => note.Kind != NoteKind.Damaged)
        && Compared.All(one => one.DifferencesInAll == 0);
}

/// <summary>Moves mail in while the server runs, one source at a time. A move that is stopped, or whose server dies, goes on when it is
/// run again.</summary>
public sealed class MovingService(
    MoveTarget target, AccountBook book, AccountService accounts, IMoveHost host, ILogger log) : IAsyncDisposable
{
    private readonly Lock _door = new();
    private Job? _job;

    private sealed class Job(string what, MoveProgress progress) : IDisposable
    {
        public string What => what;

        public MoveProgress Progress => progress;

        public CancellationTokenSource Stop { get; } = new();

        public Task Running { get; set; } = Task.CompletedTask;

        public List<MoveResult> Results { get; } = [];

        public List<VerifyResult> Compared { get; } = [];

        public List<MoveNote> Notes { get; } = [];

        /// <summary>Null while it runs.</summary>
        public MoveStatus? End { get; set; }

        public void Dispose() => Stop.Dispose();
    }

    /// <exception cref="SourceException">The source cannot be read.</exception>
    public Task<MovePlan> PlanAsync(MoveRequest request, MoveWishes wishes, CancellationToken cancel) =>
        wishes.Problem is { } no ? throw new SourceException(no)
            : Task.Run(() => new Planner(target, book, wishes).PlanAsync(SourceKinds.Open(request), cancel), cancel);

    /// <summary>Begins a run, or a comparison of both sides, in the background.</summary>
    /// <returns>Why it cannot begin; null: it has.</returns>
    public string? Start(MoveRequest request, MoveWishes wishes, bool compares)
    {
        if (wishes.Problem is { } no) return no;
        MoveSet set;
        try
        {
            set = SourceKinds.Open(request);
        }
        catch (SourceException e)
        {
            return e.Message;
        }
        lock (_door)
        {
            if (_job is { End: null } busy) return $"another move is running ({busy.What}); `aviso import status` shows it";
            _job?.Dispose();
            var job = _job = new((compares ? "verify " : "run ") + set.Title, new(target.Clock));
            job.Running = Task.Run(() => RunAsync(job, set, wishes, compares), CancellationToken.None);
            return null;
        }
    }

    public MoveStatus Status()
    {
        lock (_door) return _job is null ? MoveStatus.None : _job.End ?? Of(_job, "running", null);
    }

    /// <summary>How IMAP clients of an account see names of mailboxes, from their next login on.</summary>
    /// <returns>How they do now.</returns>
    /// <param name="naming">Null: only looks.</param>
    /// <exception cref="SourceException">There is no such account, or names cannot look so.</exception>
    public async Task<MailboxNaming> NamesAsync(string address, MailboxNaming? naming, CancellationToken cancel)
    {
        if (book.Table.FindAccount(address) is not { } account) throw new SourceException($"there is no account {address}");
        if (naming is null) return await MailboxNaming.LoadAsync(target.Store, account, cancel);
        if (!naming.IsValid) throw new SourceException("a separator is `/` or `.`, a prefix one word with it at its end, such as `INBOX.`");
        await naming.SaveAsync(target.Store, account, target.Clock.GetUtcNow().ToUnixTimeSeconds(), cancel);
        return naming;
    }

    /// <summary>Writes an account's mail where other programs read it. What is there when it fails has another name and goes.</summary>
    /// <param name="format">maildir, mbox or eml.</param>
    /// <param name="path">A folder (of eml a zip) that is not there yet.</param>
    /// <exception cref="SourceException">There is no such account, or nothing can be written there.</exception>
    public async Task<ExportResult> ExportAsync(string format, string address, string path, CancellationToken cancel)
    {
        if (book.Table.FindAccount(address) is not { } account) throw new SourceException($"there is no account {address}");
        if (Path.Exists(path)) throw new SourceException($"{path} is there already; name one that is not, so that nothing is mixed");
        var (result, writing) = (new ExportResult { Account = address, Path = path }, path + ".writing");
        try
        {
            Remove(writing);
            await Task.Run(() => format switch
            {
                "maildir" => new MaildirExport(target, account, result).WriteAsync(writing, cancel),
                "mbox" => new MboxExport(target, account, result).WriteAsync(writing, cancel),
                "eml" => new EmlExport(target, account, result).WriteAsync(writing, cancel),
                _ => throw new SourceException($"`{format}` is no format; known are maildir, mbox, eml"),
            }, cancel);
            if (Directory.Exists(writing)) Directory.Move(writing, path);
            else File.Move(writing, path);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not SourceException)
        {
            Remove(writing);
            throw new SourceException($"nothing was written to {path}: {e.Message}", e);
        }
        return result;
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        else if (File.Exists(path)) File.Delete(path);
    }

    /// <summary>Asks the move of now to stop, and waits until it has.</summary>
    public async Task<bool> StopAsync()
    {
        Job? job;
        lock (_door) job = _job is { End: null } busy ? busy : null;
        if (job is null) return false;
        await job.Stop.CancelAsync();
        await job.Running;
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _job?.Dispose();
    }

    private async Task RunAsync(Job job, MoveSet set, MoveWishes wishes, bool compares)
    {
        MoveStatus end;
        log.MoveBegun(job.What);
        try
        {
            if (set.IsServer && !compares) Note(job, await new MoveSetup(book, accounts, host).MakeAsync(set, job.Stop.Token));
            foreach (var account in set.Accounts) await AccountAsync(job, account, wishes, compares);
            end = Of(job, "done", null);
        }
        catch (OperationCanceledException) when (job.Stop.IsCancellationRequested)
        {
            end = Of(job, "stopped", "it was stopped; run it again and it goes on");
        }
        catch (Exception e)
        {
            log.MoveFailed(e, job.What);
            end = Of(job, "failed", e.Message);
        }
        log.MoveEnded(job.What, end.State, end.Done, end.Octets);
        lock (_door) job.End = end;
    }

    private async Task AccountAsync(Job job, MoveAccount account, MoveWishes wishes, bool compares)
    {
        if (account.Mail is null) return;
        if (book.Table.FindAccount(account.Address) is not { } id)
        {
            Note(job, [new(NoteKind.Lost, account.From, $"there is no account {account.Address} here; make it with `aviso account add`")]);
            if (!compares) Add(job, new() { Account = account.Address, Stopped = "there is no such account here" });
            return;
        }
        var result = new MoveResult { Account = account.Address };
        try
        {
            using var source = account.Mail();
            if (compares)
            {
                var compared = new VerifyResult { Account = account.Address };
                lock (_door) job.Compared.Add(compared);
                using var comparison = new MoveVerify(target, id, source, wishes.Label ?? source.Kind, job.Progress, compared);
                await comparison.RunAsync(job.Stop.Token);
                return;
            }
            Add(job, result);
            await new MoveRun(target, id, source, wishes, job.Progress, result).RunAsync(job.Stop.Token);
            result.Notes.AddRange(source.Notes.Where(note => note.Kind is NoteKind.Lost or NoteKind.Changed));
        }
        catch (SourceException e)
        {
            result.Stopped = e.Message;
            if (compares) Note(job, [new(NoteKind.Damaged, account.From, e.Message)]);
        }
    }

    private void Add(Job job, MoveResult result)
    {
        lock (_door) job.Results.Add(result);
    }

    private void Note(Job job, IReadOnlyList<MoveNote> notes)
    {
        lock (_door) job.Notes.AddRange(notes);
    }

    private static MoveStatus Of(Job job, string state, string? error) => new(
        state, job.What, state == "running" ? job.Progress.Now : "", job.Progress.Done, job.Progress.Total, job.Progress.Octets,
            job.Progress.Rate,
        job.Progress.OctetRate, job.Progress.Elapsed.TotalSeconds, job.Progress.Left?.TotalSeconds, error,
        state == "running" ? [] : [.. job.Results], state == "running" ? [] : [.. job.Compared], state == "running" ? [] : [.. job.Notes]);
}
