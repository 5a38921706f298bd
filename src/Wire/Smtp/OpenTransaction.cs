namespace Aviso.Smtp;

/// <summary>The mail transaction as the session holds it: what Delivery sees and what is only the session's.</summary>
internal sealed class OpenTransaction(MailTransaction mail) : IDisposable
{
    public MailTransaction Mail { get; } = mail;

    /// <summary>Recipients refused, for the reply to a DATA that has none left.</summary>
    public int Refused { get; set; }

    /// <summary>The message while it comes by BDAT (RFC 3030); null before the first chunk.</summary>
    public IncomingBody? Chunks { get; set; }

    /// <summary>The watch over line ends across chunks.</summary>
    public DataScanner ChunkScanner = new(dotStuffed: false);

    /// <summary>A chunk was refused: every further one is, until RSET (RFC 3030 §2).</summary>
    public bool ChunksFailed { get; set; }

    public void Dispose() => Chunks?.Dispose();
}
