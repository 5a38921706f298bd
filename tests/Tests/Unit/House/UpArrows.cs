namespace Aviso.Tests.Unit.House;

/// <summary>Arrows that close a circle between rooms of one subject, each with what makes it. The list only gets shorter.</summary>
internal static class UpArrows
{
    public static readonly Dictionary<string, string> All = new(StringComparer.Ordinal)
    {
    };
}
