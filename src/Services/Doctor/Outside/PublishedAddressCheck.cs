using Aviso.Dns;
using Aviso.Net;

namespace Aviso.Doctor;

/// <summary>
/// Every address that the DNS publishes for this server answers, each family for itself (incident 14). From inside a network that does not
/// lead back to itself none of them does, which says nothing: only one that is dead while another lives is a finding.
/// </summary>
public sealed class PublishedAddressCheck(Func<Deployment> now, Func<bool> takesMail, IResolver resolver, IDoorKnocker knocker)
    : IDoctorCheck
{
    private const int SmtpPort = 25;

    public string Name => "addresses";

    public string LooksAt => "each address that the DNS publishes for this server";

    public TimeSpan Every => CheckTimes.Hourly;

    public IReadOnlyList<FindingCode> Codes { get; } = [FindingCode.AddressDead];

    public async Task LookAsync(Sightings seen, CancellationToken cancel)
    {
        var deployment = now();
        if (!deployment.HasPublicHost || !takesMail()) return;
        var published = await resolver.AddressesAsync(deployment.HostName, cancel);
        if (published.IsTemporary) seen.Unsure();
        if (published.All.Count < 2) return;
        var answers = await Task.WhenAll(published.All.Select(async a =>
            (Address: a, Answer: await knocker.KnockAsync(new(ListenerKind.Smtp, new(a, SmtpPort)), deployment.HostName, cancel))));
        if (answers.All(a => !a.Answer.Greets)) return;
        foreach (var (address, answer) in answers.Where(a => !a.Answer.Greets))
            seen.Add(FindingCode.AddressDead, address.ToString(),
                $"the DNS publishes {address} for {deployment.HostName}, and nobody answers there on port {SmtpPort} while another "
                    + $"address does", answer.Said);
    }
}
