using Aviso.Base;

namespace Aviso.Delivery;

/// <summary>Takes fields out of a header.</summary>
internal static class HeaderCuts
{
    /// <summary>A new body: <paramref name="added"/>, then the message without those ranges of its header.</summary>
    /// <param name="cuts">In order.</param>
    public static SpooledBody Without(BodySpool spool, ReceiveContext context, List<Range> cuts, byte[] added) => spool.Make(made =>
    {
        made.Write(added);
        var header = context.Header.Octets.Span;
        var at = 0;
        foreach (var cut in cuts)
        {
            made.Write(header[at..cut.Start.Value]);
            at = cut.End.Value;
        }
        made.Write(context.Body, at);
    });
}
