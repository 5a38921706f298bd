namespace Aviso.Spam;

/// <summary>Where in the message a URL stands.</summary>
public enum UrlSource
{
    /// <summary>In readable text, as such.</summary>
    Text,

    /// <summary>A link of HTML.</summary>
    Link,

    /// <summary>A picture or other loaded thing.</summary>
    Image,

    /// <summary>Where a form goes.</summary>
    Form,
}

/// <summary>One http or https URL of a message.</summary>
/// <param name="Raw">As it stands, at most 2,000 characters.</param>
/// <param name="Scheme">"http" or "https".</param>
/// <param name="Host">Lower case, A-labels for IDN, without the last dot; for numeric hosts the dotted address.</param>
/// <param name="Port">0 when none is named.</param>
/// <param name="Rest">Path, query and fragment; "" or begins with '/', '?' or '#'.</param>
/// <param name="LinkText">For a link: the text shown for it, collapsed, at most 200 characters.</param>
public sealed record FoundUrl(string Raw, string Scheme, string Host, int Port, string Rest, UrlSource Source, string LinkText = "")
{
    /// <summary>What stands before "@" in the authority; null without one.</summary>
    public string? UserInfo { get; init; }

    /// <summary>The host is an address, in whatever notation.</summary>
    public bool IsAddress { get; init; }

    /// <summary>The host is an address written as one number, in octal or in hexadecimal.</summary>
    public bool IsOddAddress { get; init; }

    /// <summary>The host as people read it (U-labels).</summary>
    public string ShownHost { get; init; } = Host;

    /// <summary>The registrable domain, or the host itself when there is none (RFC 9989 speaks of the organizational domain).</summary>
    public string Domain { get; init; } = Host;
}
