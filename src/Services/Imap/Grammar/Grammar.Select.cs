namespace Aviso.Imap;

/// <summary>What a client with QRESYNC knows of a mailbox (RFC 7162 §3.2.5).</summary>
/// <param name="KnownUids">Null: all from 1 to UIDNEXT.</param>
internal sealed record QresyncKnown(uint UidValidity, long ModSeq, SequenceSet? KnownUids);

internal sealed record SelectParameters(bool Condstore, QresyncKnown? Qresync);

internal ref partial struct Grammar
{
    // select-params = SP "(" select-param *(SP select-param) ")"
    public bool SelectParameters(out SelectParameters parameters)
    {
        parameters = new(false, null);
        if (AtEnd) return true;
        if (!Sp() || !Char((byte)'(')) return false;
        do
        {
            if (Word("CONDSTORE"u8)) parameters = parameters with { Condstore = true };
            else if (Word("QRESYNC"u8))
            {
                if (!Sp() || !Qresync(out var known)) return false;
                parameters = parameters with { Qresync = known };
            }
            else return false;
        }
        while (Sp());
        return Char((byte)')');
    }

    // "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
    private bool Qresync(out QresyncKnown? known)
    {
        known = null;
        if (!Char((byte)'(') || !NonZero(out var validity) || !Sp() || !Number64(out var modSeq) || modSeq < 1) return false;
        SequenceSet? uids = null;
        if (Sp() && Peek != '(')
        {
            if (!Sequence(out uids) || uids.IsSaved || uids.HasStar) return false;
            Sp();
        }
        // seq-match-data only helps a server whose expunge log is short; ours keeps UIDs for 90 days, then tells all.
        if (Char((byte)'(') && (!Sequence(out _) || !Sp() || !Sequence(out _) || !Char((byte)')'))) return false;
        known = new(validity, modSeq, uids);
        return Char((byte)')');
    }
}
