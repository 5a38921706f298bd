using Aviso.Tests.System.Clients;

namespace Aviso.Tests.System.Guard;

internal static class FirstLine
{
    /// <summary>The first line, or nothing when the server closes before it.</summary>
    public static string FirstOrNothing(this LineClient client)
    {
        try
        {
            return client.ReadLine();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
