using System.Security.Cryptography;
using System.Text;

namespace Aviso.Net;

/// <summary>When to renew, and how long to leave an authority alone after it said no. Pure.</summary>
internal static class RenewalPlan
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMinutes(5), LongestWait = TimeSpan.FromHours(12),
        LongestUrgentWait = TimeSpan.FromHours(1);

    /// <summary>
    /// With a third of its life left, a little earlier for each by chance of its own (so that many do not come at once, and a restart
    /// changes nothing), or when the authority's window says; but never in the last tenth, whatever it says.
    /// </summary>
    public static DateTimeOffset DueAt(StoredCertificate certificate)
    {
        var life = certificate.NotAfter - certificate.NotBefore;
        var chance = SHA256.HashData(Encoding.UTF8.GetBytes(certificate.Chain))[0] / 255.0;
        var due = certificate.AriAt ?? certificate.NotAfter - life / 3 - life / 30 * chance;
        var latest = certificate.NotAfter - life / 10;
        return due < latest ? due : latest;
    }

    /// <summary>Nobody would be served any more, or soon: tries come closer together.</summary>
    public static bool IsUrgent(StoredCertificate? certificate, DateTimeOffset now) =>
        certificate is null || certificate.NotAfter - now < (certificate.NotAfter - certificate.NotBefore) / 10;

    /// <summary>Twice as long after each failure, a quarter more or less by chance, and never less than the authority wishes.</summary>
    /// <param name="failures">In a row with this authority, 1 or more.</param>
    public static TimeSpan Wait(int failures, bool urgent, TimeSpan? wish, Random random)
    {
        var wait = FirstWait * Math.Pow(2, Math.Min(failures - 1, 20));
        var longest = urgent ? LongestUrgentWait : LongestWait;
        if (wait > longest) wait = longest;
        wait *= 0.75 + random.NextDouble() / 2;
        return wish > wait ? wish.Value : wait;
    }
}
