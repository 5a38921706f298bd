using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Aviso.Base;
using Aviso.Mime;
using Aviso.Smtp;

namespace Aviso.Delivery;

/// <summary>
/// Writes what we put before a message: Return-Path and Delivered-To for a mailbox, and our Received field (RFC 5321 §4.4). All
/// prefixes of one message share one pooled buffer; they are valid until Dispose.
/// </summary>
internal sealed class TraceFields : IDisposable
{
    // RFC 5321 §4.5.3.1.2: a domain has at most 255 octets.
    private const int LongestHelo = 255;
    private static readonly SearchValues<char> HeloText = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:[]");

    private readonly byte[] _head;
    private readonly byte[] _date;
    private readonly byte[] _sender;
    private byte[] _octets = ArrayPool<byte>.Shared.Rent(1024);
    private List<byte[]>? _outgrown;
    private int _length;

    public TraceFields(MailTransaction transaction, string hostName, string id, DateTimeOffset now)
    {
        _head = Encoding.UTF8.GetBytes(Head(transaction.Client, hostName, id));
        _date = Encoding.ASCII.GetBytes(MailDate.Format(now.ToUniversalTime()));
        _sender = Encoding.UTF8.GetBytes(transaction.Sender.Address.Wire);
    }

    /// <summary>What we found out about the message, as header fields with CRLF: for mailboxes only.</summary>
    public ReadOnlyMemory<byte> Findings { get; set; }

    /// <summary>DKIM-Signature fields with CRLF.</summary>
    public ReadOnlyMemory<byte> Signatures { get; set; }

    /// <summary>Return-Path, Delivered-To, X-Original-To where the two differ, findings, signatures, Received; then the marks.</summary>
    /// <param name="recipient">The address that led here: the RCPT's, or the one that a script redirected to.</param>
    /// <param name="marks">Fields of scripts, CRLF at the end.</param>
    /// <returns>All of it, and how many octets are ours.</returns>
    public (Range Octets, int Own) Local(string deliveredTo, string recipient, ReadOnlySpan<byte> marks)
    {
        var from = _length;
        Add("Return-Path: <"u8);
        Add(_sender);
        Add(">\r\nDelivered-To: "u8);
        Add(deliveredTo);
        Add("\r\n"u8);
        if (!AddressComparer.Instance.Equals(recipient, deliveredTo))
        {
            Add("X-Original-To: "u8);
            Add(recipient);
            Add("\r\n"u8);
        }
        Add(Findings.Span);
        Add(Signatures.Span);
        Received(recipient);
        var own = _length - from;
        Add(marks);
        return (from.._length, own);
    }

    /// <summary>Seals, signatures, Received; before that Delivered-To when an address of ours forwards, so that the way back can be
    /// recognised.</summary>
    /// <param name="recipient">Null for several recipients: they must not learn of one another (RFC 5321 §7.6).</param>
    /// <param name="seals">ARC fields with CRLF (RFC 8617).</param>
    public Range Queued(string? forwardedFrom, string? recipient, ReadOnlySpan<byte> seals = default)
    {
        var from = _length;
        Add(seals);
        if (forwardedFrom is not null)
        {
            Add("Delivered-To: "u8);
            Add(forwardedFrom);
            Add("\r\n"u8);
        }
        Add(Signatures.Span);
        Received(recipient);
        return from.._length;
    }

    /// <summary>The octets of a prefix; they stay as they are while others are written.</summary>
    public ReadOnlyMemory<byte> this[Range prefix] => _octets.AsMemory(prefix);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_octets);
        foreach (var octets in _outgrown ?? []) ArrayPool<byte>.Shared.Return(octets);
        _octets = [];
    }

    private void Received(string? recipient)
    {
        Add(_head);
        if (recipient is not null)
        {
            Add("\r\n\tfor <"u8);
            Add(recipient);
            Add(">"u8);
        }
        Add("; "u8);
        Add(_date);
        Add("\r\n"u8);
    }

    // RFC 5321 §4.4: Time-stamp-line = "Received:" FWS From-domain By-domain Opt-info [CFWS] ";" FWS date-time
    private static string Head(SmtpClientInfo client, string hostName, string id)
    {
        var text = new StringBuilder(256).Append("Received: from ");
        // RFC 6409 and the issue: recipients do not learn where a submission came from.
        if (client.Login is not null) text.Append(hostName).Append(" (authenticated)");
        else From(text, client);
        text.Append("\r\n\tby ").Append(hostName).Append(" with ").Append(client.Protocol);
        if (client.Tls is { } tls) text.Append(" (").Append(tls.Protocol).Append(' ').Append(tls.Cipher).Append(')');
        return text.Append("\r\n\tid ").Append(id).ToString();
    }

    // Extended-Domain = Domain / ( Domain FWS "(" TCP-info ")" ) / ( address-literal FWS "(" TCP-info ")" )
    private static void From(StringBuilder text, SmtpClientInfo client)
    {
        var literal = Literal(client.Origin.Remote.Address);
        var helo = client.Helo;
        var isName = helo.Length is > 0 and <= LongestHelo && helo.AsSpan().IndexOfAnyExcept(HeloText) < 0
            && (helo.StartsWith('[') ? helo.EndsWith(']') : helo.AsSpan().IndexOfAny("[]:") < 0);
        text.Append(isName ? helo : literal).Append(" (").Append(literal).Append(')');
    }

    // RFC 5321 §4.1.3
    private static string Literal(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[IPv6:{address}]" : $"[{address}]";

    private void Add(ReadOnlySpan<byte> octets)
    {
        Room(octets.Length);
        octets.CopyTo(_octets.AsSpan(_length));
        _length += octets.Length;
    }

    private void Add(string text)
    {
        Room(text.Length * 3);
        _length += Encoding.UTF8.GetBytes(text, _octets.AsSpan(_length));
    }

    private void Room(int octets)
    {
        if (_length + octets <= _octets.Length) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_octets.Length * 2, _length + octets));
        _octets.AsSpan(0, _length).CopyTo(larger);
        (_outgrown ??= []).Add(_octets);
        _octets = larger;
    }
}
