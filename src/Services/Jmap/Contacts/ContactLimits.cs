namespace Aviso.Jmap;

/// <summary>How much of contacts an account may keep.</summary>
internal static class ContactLimits
{
    /// <summary>Address books of one account.</summary>
    public const int Books = 100;

    /// <summary>Cards of one account.</summary>
    public const int Cards = 10_000;

    /// <summary>Octets of one card, pictures and all.</summary>
    public const int CardOctets = 1_000_000;

    /// <summary>Octets of all cards of one account.</summary>
    public const long AllOctets = 64L << 20;

    /// <summary>Levels of one card, itself among them.</summary>
    public const int Depth = 32;
}
