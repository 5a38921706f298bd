using Aviso.Base;

namespace Aviso.Spam;

/// <summary>Tags of XML as they stand, for what is asked of documents; a stranger's entities and depth can do nothing here.</summary>
internal static class XmlTags
{
    /// <summary>What stands between &lt; and &gt;, and behind it, in turn.</summary>
    public static IEnumerable<string> Of(string xml, WorkBudget work)
    {
        var at = 0;
        while ((at = xml.IndexOf('<', at)) >= 0)
        {
            var end = xml.IndexOf('>', at);
            if (end < 0) yield break;
            work.Step(1 + ((end - at) >> 4));
            yield return xml[(at + 1)..end];
            at = end;
        }
    }

    /// <summary>As it stands; "" without one.</summary>
    public static string Attribute(string tag, string name)
    {
        for (var at = 0; (at = tag.IndexOf(name, at, StringComparison.Ordinal)) >= 0; at += name.Length)
        {
            var value = at + name.Length + 1;
            if (at == 0 || (!char.IsWhiteSpace(tag[at - 1]) && tag[at - 1] != ':') || value >= tag.Length || tag[value - 1] != '='
                || tag[value] is not ('"' or '\'')) continue;
            var end = tag.IndexOf(tag[value], value + 1);
            return end < 0 ? "" : tag[(value + 1)..end];
        }
        return "";
    }
}
