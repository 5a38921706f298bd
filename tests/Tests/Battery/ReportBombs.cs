using System.Text;

namespace Aviso.Tests.Battery;

/// <summary>Messages to the postmaster that would cost much if reading a report had no end.</summary>
internal static class ReportBombs
{
    private const string Head =
        "<feedback><report_metadata><org_name>o</org_name></report_metadata><policy_published><domain>d.example</domain></policy_published>";

    public static Dictionary<string, Func<byte[]>> All { get; } = new(StringComparer.Ordinal)
    {
        ["empty elements packed twice"] = () => Packed(Bombs.Gzip(Bombs.Gzip(Around(Head, "<a/>", "</feedback>", 32 << 20)))),
        ["json objects packed twice"] = () => Packed(Bombs.Gzip(Bombs.Gzip(Around("{\"policies\":[", "{},", "{}]}", 32 << 20)))),
        ["the same in a zip"] = () => Packed(Bombs.Zip(("r.xml", Around(Head, "<a/>", "</feedback>", 32 << 20)))),
        ["many files in a zip"] = () =>
            Packed(Bombs.Zip([.. Enumerable.Range(0, 200).Select(i => ($"{i}.xml", Around(Head, "<a/>", "", 200_000)))])),
        ["many parts"] = () => Bombs.Attached(
            [.. Enumerable.Range(0, 100).Select(i => ($"{i}.gz", Bombs.Gzip(Around(Head, "<a/>", "", 1 << 20)), "application/gzip"))]),
        ["empty records in the clear"] = () => Clear(Around(Head, "<record/>", "</feedback>", 3 << 20), "text/xml"),
        ["nested elements"] = () => Clear(Around(Head, "<a>", "", 3 << 20), "text/xml"),
        ["honest, with many attributes"] = () =>
            Clear(Encoding.ASCII.GetBytes(Head + "<a " + string.Concat(Enumerable.Range(0, 200_000).Select(i =>
                $"b{i}='' ")) + "/></feedback>"), "text/xml"),
        ["many namespaces"] = () => Clear(
            Encoding.ASCII.GetBytes(Head + string.Concat(Enumerable.Range(0, 60_000).Select(i => $"<n{i}:a xmlns:n{i}='u{i}'/>")) + "<"),
                "text/xml"),
        ["honest long text"] = () => Clear(
            Around(Head.Replace("<org_name>o", "<org_name>", StringComparison.Ordinal)[..Head.IndexOf("o</org", StringComparison.Ordinal)],
                "o",
            Head[(Head.IndexOf("o</org", StringComparison.Ordinal) + 1)..] + "</feedback>", 3 << 20), "text/xml"),
        ["an entity that grows"] = () =>
            Clear(Encoding.ASCII.GetBytes(
                "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>" + Head + "&b;</feedback>"), "text/xml"),
        ["failures"] = () => Clear(Around("{\"policies\":[{\"failure-details\":[", "{},", "{}]}]}", 3 << 20), "application/json"),
        ["json nested"] = () => Clear(Around("{\"policies\":[", "[", "", 3 << 20), "application/json"),
        ["json members"] = () => Clear(Around("{\"policies\":3,", "\"a\":0,", "\"b\":0}", 3 << 20), "application/json"),
        ["feedback fields"] = () => Clear(Bombs.Repeat("X:\r\n", 9 << 20), "message/feedback-report"),
        ["feedback domains"] = () => Clear(Bombs.Repeat("Reported-Domain: a\r\n", 9 << 20), "message/feedback-report"),
        ["too large in the clear"] = () => Clear(Around(Head, "<record/>", "</feedback>", 9 << 20), "text/xml"),
        ["base64 of nothing"] = () => Encoding.ASCII.GetBytes(
            "Subject: Report Domain: x\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + new string('=',
            9 << 20)),
    };

    private static byte[] Around(string before, string piece, string after, int octets) =>
        [.. Encoding.ASCII.GetBytes(before), .. Bombs.Repeat(piece, octets), .. Encoding.ASCII.GetBytes(after)];

    private static byte[] Packed(byte[] octets) => Bombs.Attached("r.xml.gz", octets, "application/gzip");

    private static byte[] Clear(byte[] octets, string type) =>
        [.. Encoding.ASCII.GetBytes($"Subject: Report Domain: x\r\nContent-Type: {type}\r\n\r\n"), .. octets];
}
