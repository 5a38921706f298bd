using System.Security.Cryptography;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Doctor;

/// <summary>
/// The message of one round trip. Its marker stands in the subject, which every relay leaves alone; nobody else can guess it, so that only
/// what the probe itself sent is ever taken away.
/// </summary>
/// <param name="Marker">26 letters and digits, 130 random bits.</param>
public sealed record ProbeLetter(string Marker, string Route, MailAddress From, MailAddress To)
{
    public const string SubjectStart = "Round-trip probe ";

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    public static ProbeLetter New(string route, MailAddress from, MailAddress to) =>
        new(RandomNumberGenerator.GetString(Alphabet, 26), route, from, to);

    public string Subject => SubjectStart + Marker;

    public string Text => $"This message was sent by the mail server to itself, by way of \"{Route}\", to see that mail comes through.\r\n"
        + "It is deleted when it has been found.\r\n";

    public byte[] Compose(string hostName, DateTimeOffset now) => new MessageComposer(
        new HeaderWriter().Addresses("From", HeaderAddress.Of("", From)).Addresses("To", HeaderAddress.Of("", To)).Text("Subject", Subject)
            .Date("Date", now).Ids("Message-ID", $"{Marker}.probe@{hostName}").Raw("Auto-Submitted", "auto-generated"),
        MimeEntity.Text(Text)).Compose();
}
