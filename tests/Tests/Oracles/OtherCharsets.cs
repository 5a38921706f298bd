using System.Runtime.CompilerServices;
using System.Text;

namespace Aviso.Tests.Oracles;

/// <summary>
/// The other implementation learns its charsets when it is first touched, in whatever test that is: the code pages have to be there before.
/// </summary>
internal static class OtherCharsets
{
    [ModuleInitializer]
    internal static void Register() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
}
