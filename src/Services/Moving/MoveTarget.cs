using Aviso.Accounts;
using Aviso.Store;

namespace Aviso.Moving;

/// <summary>Where mail moves to.</summary>
public sealed record MoveTarget(IMailStore Store, IMessageReader Reader, SieveScripts Scripts, TimeProvider Clock);

/// <summary>What who starts a run may wish.</summary>
public sealed record MoveWishes
{
    /// <summary>Under what name the source is remembered; null: its kind.</summary>
    public string? Label { get; init; }

    /// <summary>What is wrong with the wishes; null: nothing. Notes are found again by labels, so these have a form.</summary>
    public string? Problem => Label is null || (Label.Length is > 0 and <= 100
        && !Label.Any(c => c == '/' || char.IsWhiteSpace(c) || char.IsControl(c))) ? null
        : "a label is one word without `/`, 1 to 100 characters";

    /// <summary>What cannot be read is left out and named, instead of nothing being begun.</summary>
    public bool SkipDamaged { get; init; }

    /// <summary>More than half of a mailbox may have been deleted there.</summary>
    public bool AllowDeletes { get; init; }
}

/// <summary>What a run did to one account.</summary>
public sealed class MoveResult
{
    public required string Account { get; init; }

    public long Taken { get; set; }

    public long Octets { get; set; }

    public long Changed { get; set; }

    public long Deleted { get; set; }

    public long Same { get; set; }

    /// <summary>Messages that did not get the UID that they had.</summary>
    public long Renumbered { get; set; }

    /// <summary>Why it stopped before its end; null: it did not.</summary>
    public string? Stopped { get; set; }

    /// <summary>What was left out, with its place.</summary>
    public List<MoveNote> Notes { get; } = [];
}
