using Aviso.Base;

namespace Aviso.Jmap;

/// <summary>Ids of records as clients write them.</summary>
internal static class RecordId
{
    /// <summary>False for what nothing is called: ids are compared letter for letter (RFC 8620 §1.2), and each has one spelling.</summary>
    public static bool TryParse(string? text, out long id)
    {
        if (IdText.TryParse(text, out id) && IdText.Format(id) == text) return true;
        id = 0;
        return false;
    }
}
