namespace Aviso.Store;

/// <summary>The octets of a stored message are not on the disk as they were written. One message is hurt, nothing else.</summary>
public sealed class DamagedBodyException(string reason) : IOException("the stored message is damaged: " + reason);
