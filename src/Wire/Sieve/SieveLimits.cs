namespace Aviso.Sieve;

/// <summary>What one run may cost. Passing a limit is a run-time error: the mail is kept and the owner told.</summary>
public sealed record SieveLimits
{
    public static readonly SieveLimits Default = new();

    /// <summary>Commands, tests and compared values of one run, all scripts together.</summary>
    public int Steps { get; init; } = 1_000_000;

    /// <summary>Characters compared by wildcards of one run: bounds patterns such as "*a?b*c?d*".</summary>
    public long MatchWork { get; init; } = 200_000_000;

    /// <summary>Octets of decoded texts, variables and changed messages that one run makes.</summary>
    public long Octets { get; init; } = 64L << 20;

    /// <summary>All actions of one run.</summary>
    public int Actions { get; init; } = 32;

    /// <summary>Redirects of one run; 0 forbids them.</summary>
    public int Redirects { get; init; } = 4;

    /// <summary>Notifications of one run.</summary>
    public int Notifications { get; init; } = 8;

    /// <summary>Includes inside one another (RFC 6609 §3).</summary>
    public int IncludeDepth { get; init; } = 10;

    /// <summary>Includes of one run.</summary>
    public int Includes { get; init; } = 255;

    /// <summary>Variables of one script (RFC 5229 §6: at least 128).</summary>
    public int Variables { get; init; } = 255;

    /// <summary>Characters of a variable's value; more is cut (RFC 5229 §6: at least 4000).</summary>
    public int VariableLength { get; init; } = 64 * 1024;

    /// <summary>Characters of any string made by substitution; more is cut.</summary>
    public int StringLength { get; init; } = 256 * 1024;

    /// <summary>Octets of decoded body that tests look at, for each part and for :raw.</summary>
    public int BodyOctets { get; init; } = 4 * 1024 * 1024;

    /// <summary>Octets of header kept for tests and edits.</summary>
    public int HeaderOctets { get; init; } = 256 * 1024;

    /// <summary>Octets that addheader may add in one run.</summary>
    public int AddedHeaderOctets { get; init; } = 64 * 1024;

    /// <summary>Octets a message may have for `replace` and `enclose` to copy it.</summary>
    public int EditedOctets { get; init; } = 32 * 1024 * 1024;

    /// <summary>Levels of foreverypart inside one another, and of parts it walks.</summary>
    public int PartDepth { get; init; } = 32;

    /// <summary>Time of one regular expression over one text; it is linear in its text, so this is a second fence.</summary>
    public TimeSpan Regex { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time of all regular expressions of one run, making them included.</summary>
    public TimeSpan RegexTotal { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Shortest, longest and default time between answers to one sender (RFC 5230 §4.1; :days is never below one day).</summary>
    public TimeSpan VacationShortest { get; init; } = TimeSpan.FromMinutes(1);

    public TimeSpan VacationLongest { get; init; } = TimeSpan.FromDays(60);

    public TimeSpan VacationDefault { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Longest and default memory of `duplicate` (RFC 7352 §3.1).</summary>
    public TimeSpan DuplicateLongest { get; init; } = TimeSpan.FromDays(7);

    public TimeSpan DuplicateDefault { get; init; } = TimeSpan.FromHours(12);

    /// <summary>`vacation` also answers mail whose header names no address of the account (RFC 5230 §4.5 leaves that to the
    /// site).</summary>
    public bool VacationToAnyone { get; init; }

    /// <summary>Fields that addheader and deleteheader leave alone, besides those of RFC 5293 §6.</summary>
    public IReadOnlyCollection<string> ProtectedFields { get; init; } = [];

    /// <summary>Fields that addheader does not add.</summary>
    public IReadOnlyCollection<string> NeverAdded { get; init; } = [];

    /// <summary>Fields that deleteheader does not delete.</summary>
    public IReadOnlyCollection<string> NeverDeleted { get; init; } = [];

    /// <summary>Octets of one field that addheader adds; it fails with more.</summary>
    public int AddedFieldOctets { get; init; } = 8 * 1024;

    /// <summary>Each of these characters begins the detail of an address (RFC 5233 §4).</summary>
    public string Separators { get; init; } = "+";

    /// <summary>Lines in <see cref="SieveOutcome.Trace"/>; 0 makes none.</summary>
    public int TraceLines { get; init; } = 200;
}
