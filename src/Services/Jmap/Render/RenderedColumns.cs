using System.Text;
using Aviso.Mime;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>What the store keeps about a message beside its octets, as <see cref="EmailWriter"/> takes it.</summary>
/// <param name="Envelope">IMAP's ENVELOPE in UTF-8; empty where there is none: fields are taken from the header.</param>
/// <param name="Preview">In UTF-8.</param>
internal readonly record struct RenderedColumns(ReadOnlyMemory<byte> Envelope, MimePart Root, ReadOnlyMemory<byte> Preview)
{
    public static RenderedColumns Of(Rendered rendered) =>
        new(rendered.Envelope, PartIndex.Read(rendered.Parts), Encoding.UTF8.GetBytes(rendered.Preview));

    /// <summary>Of a message that the store keeps nothing about.</summary>
    public static RenderedColumns Of(MessageOctets message) =>
        new(default, message.Root, Encoding.UTF8.GetBytes(MessageText.Preview(message.Root, message.Read)));
}
