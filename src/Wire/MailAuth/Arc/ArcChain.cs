using System.Text;

namespace Aviso.MailAuth;

/// <summary>One ARC set (RFC 8617 §4.2): the three fields of one instance.</summary>
internal sealed class ArcSet
{
    /// <summary>The ARC-Authentication-Results field; -1 while missing.</summary>
    public int Results { get; set; } = -1;

    public DkimSignature? Message { get; set; }

    public DkimSignature? Seal { get; set; }

    public bool IsWhole => Results >= 0 && Message is not null && Seal is not null;
}

/// <summary>
/// RFC 8617 §5.2 steps 1 to 3: the ARC fields of a message sorted into sets and checked as far as their form goes.
/// </summary>
internal sealed class ArcChain
{
    // Each seal covers all fields of the sets before it: 50 sets of this together are hashed in a few milliseconds.
    private const int MostOctets = 256 * 1024;

    private readonly List<ArcSet> _sets = [];
    private int _octets;

    private ArcChain()
    {
    }

    /// <summary>Set 1 first.</summary>
    public IReadOnlyList<ArcSet> Sets => _sets;

    /// <summary>The message has at least one ARC field.</summary>
    public bool Exists { get; private set; }

    /// <summary>The highest instance that any field names; 0 without one.</summary>
    public int Instance => _sets.Count;

    /// <summary>What is wrong with the form; empty when nothing is.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>RFC 8617 §5.1.2: the newest seal says that the chain failed; nobody adds to it any more.</summary>
    public bool IsDead => _sets.Count > 0 && _sets[^1].Seal?.ChainValidation == "fail";

    /// <summary>d= of the seals, oldest first; sets without a seal are left out.</summary>
    public IReadOnlyList<string> Sealers => [.. _sets.Where(s => s.Seal is not null).Select(s => s.Seal!.Domain)];

    public static ArcChain Read(CanonicalFields fields)
    {
        var chain = new ArcChain();
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields.Is(i, "ARC-Seal"u8)) chain.AddSeal(fields, i);
            else if (fields.Is(i, "ARC-Message-Signature"u8)) chain.AddMessage(fields, i);
            else if (fields.Is(i, "ARC-Authentication-Results"u8)) chain.AddResults(fields, i);
        }
        if (chain.Exists) chain.CheckSets();
        if (fields.IsCut && chain.Exists) chain.Refuse("the header block is too large");
        return chain;
    }

    /// <summary>What follows the instance of an ARC-Authentication-Results field: authserv-id and results, as sent.</summary>
    public static string Payload(CanonicalFields fields, ArcSet set)
    {
        var value = fields.Value(set.Results);
        return Encoding.UTF8.GetString(value[(value.IndexOf((byte)';') + 1)..]).Trim();
    }

    private void AddSeal(CanonicalFields fields, int field)
    {
        var seal = DkimSignature.Read(fields, field, SignatureKind.ArcSeal);
        if (SetOf(fields, field, seal.Instance, seal.Problem) is not { } set) return;
        if (set.Seal is not null) Refuse($"two seals of instance {seal.Instance}");
        set.Seal = seal;
    }

    private void AddMessage(CanonicalFields fields, int field)
    {
        var message = DkimSignature.Read(fields, field, SignatureKind.ArcMessage);
        if (SetOf(fields, field, message.Instance, message.Problem) is not { } set) return;
        if (set.Message is not null) Refuse($"two message signatures of instance {message.Instance}");
        set.Message = message;
    }

    // RFC 8617 §4.1.1: instance [CFWS] ";" authres-payload
    private void AddResults(CanonicalFields fields, int field)
    {
        var instance = InstanceOf(fields.Value(field));
        var problem = instance == 0 ? "ARC-Authentication-Results without an instance" : "";
        if (SetOf(fields, field, instance, problem) is not { } set) return;
        if (set.Results >= 0) Refuse($"two ARC-Authentication-Results of instance {instance}");
        set.Results = field;
    }

    private static int InstanceOf(ReadOnlySpan<byte> value)
    {
        var end = value.IndexOf((byte)';');
        if (end < 0) return 0;
        var tag = value[..end].Trim(" \t\r\n"u8);
        var equals = tag.IndexOf((byte)'=');
        if (equals < 0 || !tag[..equals].TrimEnd(" \t\r\n"u8).SequenceEqual("i"u8)) return 0;
        var digits = tag[(equals + 1)..].TrimStart(" \t\r\n"u8);
        return digits.Length is 1 or 2 && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && int.Parse(digits) is var instance and <= DkimSignature.MostInstances ? instance : 0;
    }

    private ArcSet? SetOf(CanonicalFields fields, int field, int instance, string problem)
    {
        Exists = true;
        _octets += fields.Raw(field).Length;
        if (_octets > MostOctets) Refuse("the ARC fields are too large");
        if (problem.Length > 0) Refuse($"{Encoding.ASCII.GetString(fields.Name(field))}: {problem}");
        if (instance == 0) return null;
        while (_sets.Count < instance) _sets.Add(new());
        return _sets[instance - 1];
    }

    // RFC 8617 §5.2 step 3
    private void CheckSets()
    {
        for (var i = 0; i < _sets.Count && Problem.Length == 0; i++)
        {
            if (!_sets[i].IsWhole) Refuse($"set {i + 1} is not whole");
            else if (_sets[i].Seal!.ChainValidation is var cv && cv != (i == 0 ? "none" : "pass"))
                Refuse($"the seal of set {i + 1} says cv={cv}");
        }
    }

    private void Refuse(string problem)
    {
        if (Problem.Length == 0) Problem = problem;
    }
}
