namespace Aviso.Moving;

/// <summary>What an export wrote.</summary>
public sealed class ExportResult
{
    public required string Account { get; init; }

    public required string Path { get; init; }

    public int Mailboxes { get; set; }

    public long Messages { get; set; }

    public long Octets { get; set; }

    public List<MoveNote> Notes { get; } = [];
}
