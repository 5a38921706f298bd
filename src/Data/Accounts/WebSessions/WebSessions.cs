using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Accounts;

/// <summary>
/// Who is signed in with a browser. A session is a random token that only the browser has, and a document under the token's digest; all are
/// in memory. It is over after thirty days without use (a day, when it was to last until the browser closes), when its owner ends it, and
/// when what let it in has changed. One instance in a process.
/// </summary>
public sealed class WebSessions(IDocumentRows rows, SessionGrounds grounds, TimeProvider clock, ILogger log) : IDisposable
{
    public const string Kind = "web-session";

    /// <summary>Of one account; the one that was not used for longest makes room.</summary>
    public const int Most = 50;

    public static readonly TimeSpan StaysFor = TimeSpan.FromDays(30);

    /// <summary>For browsers that never close.</summary>
    public static readonly TimeSpan LastsFor = TimeSpan.FromDays(1);

    private const int TokenLength = 32;
    private const int LongestToken = 64;
    private static readonly long WriteEvery = (long)TimeSpan.FromHours(1).TotalSeconds;

    private readonly SemaphoreSlim _one = new(1);
    private readonly ConcurrentDictionary<string, WebSession> _sessions = new(StringComparer.Ordinal);
    // Used since they were written, and ended ones whose document may still be there.
    private readonly ConcurrentDictionary<string, WebSession> _unwritten = new(StringComparer.Ordinal),
        _ended = new(StringComparer.Ordinal);

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Reads what the store has. Once, before anybody comes; what stands no longer goes.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        foreach (var document in await rows.ListDocumentsAsync(Kind, cancel))
        {
            if (document.Read(WebSessionJson.Default.WebSessionRow) is not { } row)
            {
                log.WebSessionUnreadable(document.Key.Owner.Value);
                continue;
            }
            var session = new WebSession(document.Key.Owner, document.Key.Name, row, isWritten: true);
            if (Stands(session)) _sessions[session.Name] = session;
            else _ended[session.Name] = session;
        }
        await WriteAsync(cancel);
    }

    /// <summary>Signs somebody in. The token is told once.</summary>
    /// <returns>Null when the account was suspended meanwhile.</returns>
    public async Task<(WebSession Session, string Token)?> BeginAsync(AccountId account, SignInFacts facts, CancellationToken cancel)
    {
        if (grounds.Of(account, facts.AppPassword) is not { } ground) return null;
        var (token, now) = (Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenLength)), Now);
        var session = new WebSession(account, NameOf(token), new()
        {
            Device = DeviceName.Of(facts.UserAgent),
            How = facts.How,
            From = facts.From.ToString(),
            Stays = facts.Stays,
            AppPassword = facts.AppPassword,
            Ground = ground,
            CreatedAt = now,
            UsedAt = now,
        }, isWritten: false);
        _unwritten[session.Name] = session;
        _sessions[session.Name] = session;
        foreach (var old in Of(account).OrderByDescending(s => s.Row.UsedAt).ThenByDescending(s => s == session).Skip(Most)) End(old);
        try
        {
            await WriteAsync(cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // design.md section 2 rule 2: a login does not need the store to be writable. It is tried again with the next upkeep.
            log.WebSessionNotWritten(e.Message);
        }
        return (session, token);
    }

    /// <summary>The session of this token, which is being used now; null when there is none or it is over.</summary>
    public WebSession? Find(string token, IPAddress from)
    {
        if (token.Length is 0 or > LongestToken || !_sessions.TryGetValue(NameOf(token), out var session)) return null;
        if (!Stands(session))
        {
            End(session);
            return null;
        }
        var now = Now;
        session.Used(now, from.ToString());
        if (now - session.WrittenAt >= WriteEvery) _unwritten[session.Name] = session;
        return session;
    }

    /// <summary>Sessions of an account: the one that asks, then the last used first.</summary>
    /// <param name="asks">The one that asks; null: none of them.</param>
    public IReadOnlyList<DeviceInfo> List(AccountId account, WebSession? asks) =>
    [
        .. Of(account).Where(Stands).OrderByDescending(s => s == asks).ThenByDescending(s => s.Row.UsedAt).Select(s => new DeviceInfo(
            s.Id, s.Row.Device, s.Row.How, DateTimeOffset.FromUnixTimeSeconds(s.Row.CreatedAt),
            DateTimeOffset.FromUnixTimeSeconds(s.Row.UsedAt), s.Row.From, s.Row.Stays, s == asks)),
    ];

    /// <summary>Ends one; false when there is none of this id.</summary>
    public async Task<bool> EndAsync(AccountId account, string id, CancellationToken cancel)
    {
        if (Of(account).FirstOrDefault(s => s.Id == id) is not { } session) return false;
        End(session);
        await WriteAsync(cancel);
        return true;
    }

    /// <summary>Ends all of an account; how many there were.</summary>
    /// <param name="except">Stays; null: none does.</param>
    public async Task<int> EndAllAsync(AccountId account, WebSession? except, CancellationToken cancel)
    {
        var all = Of(account).Where(s => s != except).ToList();
        all.ForEach(End);
        await WriteAsync(cancel);
        return all.Count;
    }

    /// <summary>Something about the account has changed: ends at once what no longer stands. It is written with the next upkeep.</summary>
    public void LookAgain(AccountId account)
    {
        foreach (var session in Of(account).Where(s => !Stands(s) || grounds.IsUnsettled(account))) End(session);
    }

    /// <summary>Writes when sessions were used, at most hourly each, and forgets those that are over.</summary>
    public async Task UpkeepAsync(CancellationToken cancel)
    {
        foreach (var session in _sessions.Values.Where(s => !Stands(s))) End(session);
        await WriteAsync(cancel);
    }

    public void Dispose() => _one.Dispose();

    private IEnumerable<WebSession> Of(AccountId account) => _sessions.Values.Where(s => s.Account == account);

    private bool Stands(WebSession session) => Now < EndOf(session.Row)
        && grounds.Of(session.Account, session.Row.AppPassword) == session.Row.Ground;

    private void End(WebSession session)
    {
        _ended[session.Name] = session;
        _sessions.TryRemove(session.Name, out _);
        session.End();
    }

    // One writer, so that a session that ended is not written again by a use before that.
    private async Task WriteAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var (used, ended) = (_unwritten.ToArray(), _ended.ToArray());
            if (used.Length + ended.Length == 0) return;
            await rows.ChangeDocumentsAsync(
                [.. used.Where(u => !_ended.ContainsKey(u.Key)).Select(u => ToDocument(u.Value))], [.. ended.Select(e => KeyOf(e.Value))],
                    cancel);
            foreach (var one in used) _unwritten.TryRemove(one);
            foreach (var one in ended) _ended.TryRemove(one);
        }
        finally
        {
            _one.Release();
        }
    }

    private static Document ToDocument(WebSession session)
    {
        var row = session.Row;
        session.WrittenAt = row.UsedAt;
        return Documents.Of(KeyOf(session), row, WebSessionJson.Default.WebSessionRow, row.UsedAt, EndOf(row));
    }

    private static DocumentKey KeyOf(WebSession session) => new(session.Account, Kind, session.Name);

    private static long EndOf(WebSessionRow row) => row.UsedAt + (long)(row.Stays ? StaysFor : LastsFor).TotalSeconds;

    private static string NameOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
