using System.Globalization;

namespace Aviso.Pop3;

/// <summary>RFC 1939 §5: sizes in octets.</summary>
internal static class ListCommand
{
    public static ValueTask<Reply> RunAsync(Pop3Session session, Command command) =>
        Listing.RunAsync(session, command, static entry => entry.Size.ToString(CultureInfo.InvariantCulture));
}
