using System.Security.Cryptography;
using Aviso.Base;
using Aviso.Mime;

namespace Aviso.Spam;

/// <summary>A message from a file or a request, ready to be judged.</summary>
public static class SpamMessage
{
    /// <summary>An mbox "From " line at the beginning is left out. The caller disposes the body.</summary>
    public static SpamInput Read(ReadOnlySpan<byte> octets, BodySpool spool)
    {
        if (octets.StartsWith("From "u8) && octets.IndexOf((byte)'\n') is var end and >= 0) octets = octets[(end + 1)..];
        var body = spool.Begin();
        try
        {
            body.Write(octets);
            var scanner = new MimeScanner();
            scanner.Append(octets);
            return new() { Body = body, Root = scanner.Finish() };
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What a message is called by those who learn it from outside: the beginning of its SHA-256, the same however its lines end.
    /// </summary>
    public static byte[] KeyOf(SpamInput input)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        input.Body.ForEachPiece(piece =>
        {
            for (var rest = piece.Span; !rest.IsEmpty;)
            {
                var cr = rest.IndexOf((byte)'\r');
                hash.AppendData(cr < 0 ? rest : rest[..cr]);
                rest = cr < 0 ? [] : rest[(cr + 1)..];
            }
        });
        return hash.GetHashAndReset()[..16];
    }
}
