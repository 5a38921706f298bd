using System.Text;
using System.Xml;
using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>
/// Walks the XML of a report once, front to back, without keeping it: elements by their local names, since reporters write with the
/// namespace, with another, or without. Deeper than <see cref="Deepest"/> elements it is no report.
/// </summary>
internal sealed class ReportXml(XmlReader reader, WorkBudget work)
{
    private const int Deepest = 32;
    private const int LongestText = 1000;

    /// <summary>Moves to the root; its local name.</summary>
    public string Root()
    {
        while (Next() && reader.NodeType != XmlNodeType.Element) { }
        return reader.NodeType == XmlNodeType.Element ? reader.LocalName : "";
    }

    /// <summary>Calls <paramref name="child"/> for each element right inside of the one at hand, which may read it or leave it.</summary>
    public void Each(Action<string> child)
    {
        if (reader.IsEmptyElement) return;
        var depth = reader.Depth;
        while (Next() && reader.Depth > depth)
        {
            if (reader.NodeType == XmlNodeType.Element && reader.Depth == depth + 1) child(reader.LocalName);
        }
    }

    /// <summary>The text of the element at hand without white space around it; of a long one the beginning.</summary>
    public string Text()
    {
        if (reader.IsEmptyElement) return "";
        var depth = reader.Depth;
        var text = new StringBuilder();
        while (Next() && reader.Depth > depth)
        {
            if (reader.NodeType is not (XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace)
                || text.Length >= LongestText) continue;
            var value = reader.Value;
            text.Append(value.AsSpan(0, Math.Min(value.Length, LongestText)));
        }
        return text.ToString().Trim();
    }

    private bool Next()
    {
        work.Step();
        if (!reader.Read()) return false;
        if (reader.Depth > Deepest) throw new XmlException("elements nested too deep for a report");
        return true;
    }
}
