using System.Net;
using Aviso.Dns;
using Aviso.Smtp;

namespace Aviso.Doctor;

/// <summary>
/// Hands a probe to the place where our domain's mail comes in, as any other server would: MX, address, connection, TLS with a certificate
/// that
/// is valid for the host, message. Nothing of our own queue is used.
/// </summary>
internal sealed class DirectSend(ProbeOptions options, IResolver resolver, ProbeDial dial, TimeProvider clock)
{
    private const int SmtpPort = 25;

    public async Task SendAsync(ProbeLetter letter, byte[] message, ProbeSteps steps, CancellationToken cancel)
    {
        var (host, addresses) = await steps.DoAsync(ProbeStage.Dns, () => FindAsync(letter.To.Domain.Ascii, cancel));
        var stream = await steps.DoAsync(ProbeStage.Connect, () => ConnectAsync(host, addresses, cancel));
        await using var client = await steps.DoAsync(ProbeStage.Tls, () => GreetAsync(stream, host, cancel));
        await steps.DoAsync(ProbeStage.Accept, () => HandOverAsync(client, letter, message, cancel));
    }

    private async Task<(HostPort Host, IReadOnlyList<IPAddress> Addresses)> FindAsync(string domain, CancellationToken cancel)
    {
        var host = options.Smtp ?? new(await MxAsync(domain, cancel), SmtpPort);
        var (addresses, isTemporary) = await dial.FindAsync(host.Host, cancel);
        if (addresses.Count > 0) return (host, addresses);
        throw new ProbeException(ProbeStage.Dns, isTemporary ? $"the DNS cannot say now where {host.Host} is"
            : $"{host.Host} has no address");
    }

    private async Task<string> MxAsync(string domain, CancellationToken cancel)
    {
        var answer = await resolver.QueryAsync(domain, DnsType.Mx, cancel);
        if (answer.IsTemporary) throw new ProbeException(ProbeStage.Dns, $"the DNS cannot say now where mail for {domain} goes");
        return answer.Of<MxRecord>().OrderBy(r => r.Preference).Select(r => r.Exchange).FirstOrDefault(e => e != ".")
            ?? throw new ProbeException(ProbeStage.Dns, $"{domain} has no MX record: others cannot know where its mail goes");
    }

    private async Task<Stream> ConnectAsync(HostPort host, IReadOnlyList<IPAddress> addresses, CancellationToken cancel)
    {
        try
        {
            return await dial.ConnectAsync(addresses, host.Port, cancel);
        }
        catch (IOException e)
        {
            throw new ProbeException(ProbeStage.Connect, $"nothing answers at {host}: {e.Message}");
        }
    }

    private async Task<SmtpClient> GreetAsync(Stream stream, HostPort host, CancellationToken cancel)
    {
        var (client, failure) = await SmtpClient.OpenAsync(stream, host.Host, TlsDemand.Verified, implicitTls: false, new()
        {
            HeloName = options.HostName,
            Clock = clock,
            Roots = options.Roots,
        }, cancel);
        return client ?? throw new ProbeException(ProbeStage.Tls, $"{host}: {failure!.Text}");
    }

    // RFC 5321 §4.5.5: the null reverse-path, so that nothing is ever sent back.
    private static async Task HandOverAsync(SmtpClient client, ProbeLetter letter, byte[] message, CancellationToken cancel)
    {
        var mail = new OutgoingMail("", [new(letter.To.Wire, "NEVER")], message.Length, (offset, into) =>
        {
            var count = (int)Math.Min(into.Length, message.Length - offset);
            message.AsSpan((int)offset, count).CopyTo(into);
            return count;
        }, BodyType.SevenBit, SmtpUtf8: letter.To.NeedsUtf8);
        if (!client.Features.Dsn) mail = mail with { Recipients = [new(letter.To.Wire)] };
        var outcome = (await client.SendAsync(mail, cancel))[0];
        await client.QuitAsync(cancel);
        if (outcome.Failure is { } failure) throw new ProbeException(ProbeStage.Accept, $"our own server does not take it: {failure.Text}");
    }
}
