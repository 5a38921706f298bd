using System.Collections.Concurrent;
using System.Text;
using Aviso.Base;
using Aviso.Net;
using Aviso.Smtp;
using Aviso.Tests.Unit.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Tests.Unit.Smtp;

/// <summary>
/// An SMTP server with a receiver that keeps what it is given. It answers by the address: senders "refused@", "busy@", "fault@",
/// "endsession@"; recipients "unknown@", "full@", "fault@"; and after the data "late-refused@", "late-busy@", "late-fault@".
/// </summary>
internal sealed class SmtpHost : IMailReceiver, IAuthenticator
{
    public const string Password = "correct horse";

    private static readonly byte[] Salt = "0123456789abcdef"u8.ToArray();
    private static readonly Lazy<ScramKeys> Keys = new(() => Scram.Derive(Password, Salt, 4096));

    public SmtpHost(ListenerKind kind = ListenerKind.Smtp, Func<SmtpServerOptions, SmtpServerOptions>? with = null, TimeProvider? clock = null,
        long spool = long.MaxValue, bool login = true, ISmtpGuard? guard = null)
    {
        Kind = kind;
        Clock = clock ?? TimeProvider.System;
        Spool = new(Path.Combine(Path.GetTempPath(), "aviso-smtp-" + Guid.NewGuid().ToString("N")[..8]), spool, Clock);
        var options = new SmtpServerOptions { HostName = "mail.example.test", MessageSize = 100_000, Recipients = 5 };
        Server = new(with?.Invoke(options) ?? options, this, login ? this : null, Log, Clock, guard);
    }

    public ListenerKind Kind { get; }

    public TimeProvider Clock { get; }

    public BodySpool Spool { get; }

    public SmtpServer Server { get; }

    public LogLines Log { get; } = new();

    /// <summary>Messages taken: octets, transaction, recipients.</summary>
    public List<(string Text, MailTransaction Transaction, IReadOnlyList<MailRecipient> Recipients)> Taken { get; } = [];

    /// <summary>Throws in place of a body, to play a store that fails.</summary>
    public bool BeginFails { get; set; }

    public bool ScramOffered { get; set; } = true;

    public WirePair Connect(bool certificates = false, bool clearLogin = false, bool isInternal = false) => new(
        Kind, Clock, certificates ? TestCertificates.Shared : null, o => o with { ClearLoginAllowed = clearLogin, IsInternal = isInternal });

    public ValueTask<Begun> BeginAsync(MailTransaction transaction, CancellationToken cancel) =>
        new(Answer(transaction.Sender.LocalPart) is { } no ? new Begun.Not(no) : new Begun.Open(new Receiving(this, transaction)));

    /// <summary>A transaction, for tests that only want its body.</summary>
    public IReceiving Open() => new Receiving(this, new(
        new("s1", new(Kind, new(System.Net.IPAddress.Loopback, 1234), new(System.Net.IPAddress.Loopback, 25)), "", "SMTP", null, null),
        ReversePath.Null, new(null, BodyType.SevenBit, false, null, null, null)));

    private sealed class Receiving(SmtpHost host, MailTransaction transaction) : IReceiving
    {
        private readonly List<MailRecipient> _recipients = [];

        public ValueTask<Refusal?> AddAsync(MailRecipient recipient, CancellationToken cancel)
        {
            var no = Answer(recipient.LocalPart);
            if (no is null) _recipients.Add(recipient);
            return new(no);
        }

        public SpooledBody BeginBody(Action? evict = null) => host.BeginFails
            ? throw new InvalidOperationException("no place for a body")
            : host.Spool.Begin(transaction.Client.SpoolOwner, evict);

        public ValueTask<ReceiveResult> FinishAsync(SpooledBody body, CancellationToken cancel)
        {
            using (body)
            {
                var outcomes = _recipients.Select(r => r.LocalPart.StartsWith("late-", StringComparison.Ordinal) ? Answer(r.LocalPart[5..]) : null).ToList();
                var octets = new byte[body.Length];
                for (var at = 0; at < octets.Length;) at += body.Read(at, octets.AsSpan(at));
                lock (host.Taken)
                {
                    if (outcomes.Contains(null)) host.Taken.Add((Encoding.Latin1.GetString(octets), transaction, _recipients));
                    return new(new ReceiveResult($"id{host.Taken.Count}", outcomes));
                }
            }
        }
    }

    public ValueTask<Principal?> CheckPasswordAsync(LoginAttempt attempt, string user, string password, CancellationToken cancel) => user switch
    {
        "overload" => throw new LoginOverloadException(),
        "two-step" => Advise(attempt, LoginAdviceKind.AppPasswordNeeded, "Make an app password"),
        "expired" => Advise(attempt, LoginAdviceKind.Expired, "It has expired"),
        "away" => Advise(attempt, LoginAdviceKind.Unavailable, "Come again"),
        "fault" => throw new InvalidOperationException("the accounts are on fire"),
        _ => new(password == Password && user == "alice@example.test" ? new Principal(1, user) : null),
    };

    /// <summary>Logins by token are offered.</summary>
    public bool HasTokens { get; set; }

    public TokenOffer? Tokens => HasTokens ? TestTokens.Offer : null;

    public ValueTask<Principal?> CheckTokenAsync(LoginAttempt attempt, string user, string token, CancellationToken cancel) =>
        TestTokens.CheckAsync(attempt, user, token, 1);

    private static ValueTask<Principal?> Advise(LoginAttempt attempt, LoginAdviceKind kind, string text)
    {
        attempt.Notes.Advice = new(kind, text);
        return new((Principal?)null);
    }

    public ValueTask<ScramKeys> GetScramKeysAsync(LoginAttempt attempt, string user, CancellationToken cancel) => new(Keys.Value);

    public ValueTask<Principal?> FinishScramAsync(LoginAttempt attempt, string user, bool proofHolds, CancellationToken cancel) =>
        new(proofHolds && user == "alice@example.test" ? new Principal(1, user) : null);

    private static Refusal? Answer(string word) => word switch
    {
        "refused" => new(550, new(5, 7, 1), "Not for you", Reason.Suspended, "test"),
        "unknown" => new(550, new(5, 1, 1), "No such mailbox", Reason.UnknownRecipient, "test"),
        "busy" => new(450, new(4, 2, 0), "Not now", Reason.Store, "test"),
        "full" => new(452, new(4, 2, 2), "Mailbox full", Reason.OverQuota, "test"),
        "endsession" => new(421, new(4, 7, 0), "Too fast; closing", Reason.Store, "test"),
        "fault" => throw new InvalidOperationException("played fault"),
        _ => null,
    };
}

/// <summary>A guard that lets everybody do what it is not told to limit.</summary>
internal sealed class TestGuard : ISmtpGuard
{
    public TimeSpan Pause { get; init; }

    /// <summary>Commands that are left.</summary>
    public int Commands { get; set; } = int.MaxValue;

    public TimeSpan GreetingPause(WireOrigin origin) => Pause;

    public bool AllowsCommand(WireOrigin origin) => Commands-- > 0;

    public Refusal? CheckMessage(SmtpClientInfo client) => null;

    public Refusal? CheckRecipient(SmtpClientInfo client) => null;

    public void RecipientRefused(SmtpClientInfo client, Refusal why)
    {
    }

    public void Received(SmtpClientInfo client, ReceiveResult result)
    {
    }
}

/// <summary>What was logged, as text.</summary>
internal sealed class LogLines : ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{eventId.Id} {formatter(state, exception)}");
}
