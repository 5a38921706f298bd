namespace Aviso.Jmap;

/// <summary>One create, update or destroy is rejected; whoever goes through them catches it and goes on (RFC 8620 §5.3).</summary>
internal sealed class SetFailure(SetError error) : Exception(error.Description ?? error.Type)
{
    public SetError Error => error;
}
