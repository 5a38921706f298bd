using System.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Web;

/// <summary>Log events of this folder, 6150-6169.</summary>
internal static partial class WebLog
{
    [LoggerMessage(6150, LogLevel.Warning, "{Client} asks for decisions without a key of guard.bouncers, or with a wrong one; said once a minute at most")]
    public static partial void BouncerWithoutKey(this ILogger log, IPAddress client);
}
