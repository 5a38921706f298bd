using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Aviso.Smtp;

/// <summary>How long the client waits; defaults are the minimums of RFC 5321 §4.5.3.2.</summary>
public sealed record SmtpClientTimeouts
{
    public TimeSpan Greeting { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>EHLO, STARTTLS, AUTH, MAIL, RCPT.</summary>
    public TimeSpan Command { get; init; } = TimeSpan.FromMinutes(5);

    public TimeSpan DataStart { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>For each piece of the message.</summary>
    public TimeSpan DataBlock { get; init; } = TimeSpan.FromMinutes(3);

    public TimeSpan DataEnd { get; init; } = TimeSpan.FromMinutes(10);

    public TimeSpan Handshake { get; init; } = TimeSpan.FromMinutes(1);

    public TimeSpan Quit { get; init; } = TimeSpan.FromSeconds(5);
}

public sealed record SmtpClientOptions
{
    /// <summary>What we call ourselves in EHLO: a host name, or "[address]" (RFC 5321 §4.1.1.1).</summary>
    public required string HeloName { get; init; }

    public SmtpClientTimeouts Timeouts { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Replaces the certificate check of verified TLS; for private authorities and for policies with checks of their
    /// own.</summary>
    public RemoteCertificateValidationCallback? Verify { get; init; }

    /// <summary>Sees the certificate under opportunistic TLS; its answer changes nothing.</summary>
    public RemoteCertificateValidationCallback? Observe { get; init; }

    /// <summary>The only authorities that count, instead of the system's; null for the system's.</summary>
    public X509Certificate2Collection? Roots { get; init; }
}

/// <summary>How much a next hop's certificate matters.</summary>
public enum TlsDemand
{
    /// <summary>Never ask for TLS.</summary>
    None,

    /// <summary>Use it when offered, whatever the certificate (RFC 7435).</summary>
    Opportunistic,

    /// <summary>Only with a certificate that is valid for the host's name.</summary>
    Verified,
}

/// <summary>Where in the conversation something happened.</summary>
public enum SmtpStage
{
    Connect, Greeting, Ehlo, StartTls, Auth, Mail, Rcpt, Data, Body, EndOfData, Quit,
}

public enum SmtpTrouble
{
    /// <summary>The peer answered 4xx or 5xx.</summary>
    Refused,

    /// <summary>The connection ended.</summary>
    Closed,

    TimedOut,

    /// <summary>What came was no SMTP reply, or octets where none may be.</summary>
    Garbled,

    /// <summary>The handshake failed or the certificate is not good enough.</summary>
    Tls,

    /// <summary>The peer cannot do what the message or our settings need.</summary>
    Unsupported,
}

/// <summary>Why a step did not succeed.</summary>
/// <param name="Reply">What the peer answered, if it did.</param>
/// <param name="Text">For log, queue and bounce; no secrets.</param>
public sealed record SmtpFailure(SmtpStage Stage, SmtpTrouble Trouble, RemoteReply? Reply, string Text)
{
    /// <summary>Trying again will not help: the peer said 5xx.</summary>
    public bool IsPermanent => Reply is { IsPermanent: true };
}

/// <summary>A message's octets, read at any offset; returns 0 at the end.</summary>
public delegate int BodyReader(long offset, Span<byte> into);

/// <summary>One message to one or more recipients of one next hop.</summary>
/// <param name="Sender">Reverse-path without brackets, empty for none.</param>
/// <param name="Size">Octets of the body.</param>
/// <param name="Body">What it needs; BINARYMIME goes by BDAT only.</param>
/// <param name="Return">"FULL", "HDRS" or null (RFC 3461 §4.3).</param>
/// <param name="EnvelopeId">RFC 3461 §4.4, plain (xtext is made here), or null.</param>
public sealed record OutgoingMail(
    string Sender, IReadOnlyList<OutgoingRecipient> Recipients, long Size, BodyReader Read, BodyType Body, bool SmtpUtf8,
    string? Return = null, string? EnvelopeId = null)
{
    /// <summary>RFC 8689 §4.2.1: only to a hop that offers it, under TLS; who opened the session has verified the rest.</summary>
    public bool RequireTls { get; init; }
}

/// <param name="Address">Forward-path without brackets, as it stands on the wire.</param>
/// <param name="Notify">RFC 3461 §4.1 keywords, comma separated, or null.</param>
/// <param name="OriginalRecipient">RFC 3461 §4.2 "type;address", plain, or null.</param>
public sealed record OutgoingRecipient(string Address, string? Notify = null, string? OriginalRecipient = null);

/// <summary>What became of one recipient: delivered with <paramref name="Reply"/>, or not, with the failure.</summary>
public sealed record RecipientOutcome(RemoteReply? Reply, SmtpFailure? Failure)
{
    public bool Delivered => Failure is null;
}

/// <summary>What the peer said to EHLO.</summary>
public sealed record PeerFeatures
{
    public bool Pipelining { get; private init; }

    public bool EightBitMime { get; private init; }

    public bool SmtpUtf8 { get; private init; }

    public bool Chunking { get; private init; }

    public bool BinaryMime { get; private init; }

    public bool Dsn { get; private init; }

    public bool StartTls { get; private init; }

    /// <summary>RFC 8689 §2.</summary>
    public bool RequireTls { get; private init; }

    public bool Size { get; private init; }

    /// <summary>RFC 1870 §4 maximum; 0 for none told.</summary>
    public long MaxSize { get; private init; }

    public IReadOnlyList<string> AuthMechanisms { get; private init; } = [];

    /// <summary>RFC 9422 §4.2 RCPTMAX; RFC 5321 §4.5.3.1.8 promises 100 without it.</summary>
    public int MaxRecipients { get; private init; } = 100;

    /// <summary>RFC 9422 §4.1 MAILMAX: messages a connection; int.MaxValue when not told.</summary>
    public int MaxMessages { get; private init; } = int.MaxValue;

    public static readonly PeerFeatures None = new();

    // RFC 5321 §4.1.1.1: ehlo-line = ehlo-keyword *( SP ehlo-param ); the first line is the greeting.
    internal static PeerFeatures Read(IReadOnlyList<string> lines)
    {
        var features = None;
        foreach (var line in lines.Skip(1))
        {
            // "AUTH=LOGIN" is an old spelling that some relays still send beside or instead of "AUTH".
            var words = line.Replace("AUTH=", "AUTH ", StringComparison.OrdinalIgnoreCase)
                .Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0) features = features.With(words[0].ToUpperInvariant(), words[1..]);
        }
        return features;
    }

    private PeerFeatures With(string keyword, string[] parameters) => keyword switch
    {
        "PIPELINING" => this with { Pipelining = true },
        "8BITMIME" => this with { EightBitMime = true },
        "SMTPUTF8" => this with { SmtpUtf8 = true },
        "CHUNKING" => this with { Chunking = true },
        "BINARYMIME" => this with { BinaryMime = true },
        "DSN" => this with { Dsn = true },
        "STARTTLS" => this with { StartTls = true },
        "REQUIRETLS" => this with { RequireTls = true },
        "SIZE" => this with { Size = true, MaxSize = parameters is [var max, ..] && long.TryParse(max, out var n) && n > 0 ? n : 0 },
        "AUTH" => this with { AuthMechanisms = [.. AuthMechanisms, .. parameters.Select(p => p.ToUpperInvariant())] },
        "LIMITS" => this with { MaxRecipients = Limit(parameters, "RCPTMAX=", MaxRecipients), MaxMessages = Limit(parameters, "MAILMAX=", MaxMessages) },
        _ => this,
    };

    private static int Limit(string[] parameters, string name, int otherwise)
    {
        foreach (var parameter in parameters)
            if (parameter.StartsWith(name, StringComparison.OrdinalIgnoreCase)
                && int.TryParse(parameter.AsSpan(name.Length), out var n) && n > 0) return n;
        return otherwise;
    }
}
