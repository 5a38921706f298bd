using System.Buffers.Binary;

namespace Aviso.Spam;

/// <summary>
/// A linear model over hashed tokens: logistic regression, trained in passes over the learned messages with a step for each weight that
/// shrinks as it is used (AdaGrad). A token's share falls with the number of tokens of its group, so a long text says no more than a
/// short one. Immutable once trained; a lookup is one read from a table of 2^bits floats.
/// </summary>
internal sealed class WordModel
{
    private const int Groups = 4;
    private const int Passes = 8;

    // The order in which examples come moves the weights a little; the mean of several orders is steadier.
    private const int Orders = 3;
    private const float Step = 0.5f;
    private const float FirstSquare = 1e-4f;
    // Messages the model is this sure of teach it nothing more.
    private const double Sure = 0.01;
    // A group with few tokens must not shout.
    private const float Padding = 3;

    // The header is short and the hardest to imitate: by cross-validation it should weigh twice what words or structure do.
    private const float HeaderWeight = 2;
    private const float PairWeight = 0.7f;

    private readonly float[] _weights;
    private readonly uint _mask;
    private double _bias;

    private WordModel(int bits) => (_weights, _mask) = (new float[1 << bits], (1u << bits) - 1);

    /// <summary>Log-odds of spam: above 0 speaks for spam.</summary>
    public double Judge(ReadOnlySpan<uint> tokens)
    {
        Span<float> shares = stackalloc float[Groups + 1];
        Shares(tokens, shares);
        return Sum(tokens, shares);
    }

    /// <summary>What each token adds to <see cref="Judge"/>.</summary>
    public void Explain(ReadOnlySpan<uint> tokens, Span<float> into)
    {
        Span<float> shares = stackalloc float[Groups + 1];
        Shares(tokens, shares);
        for (var i = 0; i < tokens.Length; i++) into[i] = _weights[Place(tokens[i])] * shares[(int)(tokens[i] >> 30)];
    }

    /// <summary>Trains anew. Deterministic for the same examples in the same order.</summary>
    /// <param name="offsets">What is known of each example already (the shared model's judgement), or null.</param>
    public static WordModel Train(IReadOnlyList<Example> examples, int bits, double[]? offsets, CancellationToken cancel)
    {
        var mean = new WordModel(bits);
        for (var i = 0; i < Orders; i++)
        {
            var model = TrainOnce(examples, bits, offsets, new Random(examples.Count + i), cancel);
            for (var at = 0; at < mean._weights.Length; at++) mean._weights[at] += model._weights[at] / Orders;
            mean._bias += model._bias / Orders;
        }
        return mean;
    }

    private static WordModel TrainOnce(IReadOnlyList<Example> examples, int bits, double[]? offsets, Random random, CancellationToken cancel)
    {
        var model = new WordModel(bits);
        var squares = new float[model._weights.Length];
        Array.Fill(squares, FirstSquare);
        var order = new int[examples.Count];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        Span<float> shares = stackalloc float[Groups + 1];
        for (var pass = 0; pass < Passes; pass++)
        {
            random.Shuffle(order);
            foreach (var at in order)
            {
                cancel.ThrowIfCancellationRequested();
                var example = examples[at];
                Shares(example.Tokens, shares);
                var odds = model.Sum(example.Tokens, shares) + (offsets?[at] ?? 0);
                var error = example.ErrorOf(odds);
                if (Math.Abs(error) < Sure) continue;
                model.Correct(example.Tokens, shares, squares, (float)error);
            }
        }
        return model;
    }

    /// <summary>The token's weight is not zero.</summary>
    public bool Knows(uint token) => _weights[Place(token)] != 0;

    /// <summary>Octets of <see cref="Quantized"/>: bias and scale, then an octet a weight.</summary>
    public static int QuantizedLength(int bits) => 8 + (1 << bits);

    /// <summary>The model in a small form; weights lose what an octet cannot hold.</summary>
    public byte[] Quantized()
    {
        var octets = new byte[8 + _weights.Length];
        var most = _weights.Max(Math.Abs);
        var scale = most > 0 ? most / sbyte.MaxValue : 1;
        BinaryPrimitives.WriteSingleLittleEndian(octets, (float)_bias);
        BinaryPrimitives.WriteSingleLittleEndian(octets.AsSpan(4), scale);
        for (var i = 0; i < _weights.Length; i++) octets[8 + i] = (byte)(sbyte)MathF.Round(_weights[i] / scale);
        return octets;
    }

    public static WordModel FromQuantized(int bits, ReadOnlySpan<byte> octets)
    {
        var model = new WordModel(bits) { _bias = BinaryPrimitives.ReadSingleLittleEndian(octets) };
        var scale = BinaryPrimitives.ReadSingleLittleEndian(octets[4..]);
        for (var i = 0; i < model._weights.Length; i++) model._weights[i] = (sbyte)octets[8 + i] * scale;
        return model;
    }

    private void Correct(uint[] tokens, ReadOnlySpan<float> shares, float[] squares, float error)
    {
        foreach (var token in tokens)
        {
            var place = Place(token);
            var slope = error * shares[(int)(token >> 30)];
            squares[place] += slope * slope;
            _weights[place] += Step * slope / MathF.Sqrt(squares[place]);
        }
        _bias += error * 0.01;
    }

    private double Sum(ReadOnlySpan<uint> tokens, ReadOnlySpan<float> shares)
    {
        var sum = _bias;
        foreach (var token in tokens) sum += _weights[Place(token)] * shares[(int)(token >> 30)];
        return sum;
    }

    private int Place(uint token) => (int)((token ^ (token >> 18)) & _mask);

    private static void Shares(ReadOnlySpan<uint> tokens, Span<float> shares)
    {
        shares.Clear();
        foreach (var token in tokens) shares[(int)(token >> 30)]++;
        for (var i = 0; i < Groups; i++)
        {
            var weight = (TokenGroup)i switch { TokenGroup.Header => HeaderWeight, TokenGroup.Pair => PairWeight, _ => 1 };
            shares[i] = shares[i] == 0 ? 0 : weight / MathF.Sqrt(shares[i] + Padding);
        }
    }
}

/// <summary>One learned message.</summary>
/// <param name="Owner">The account that taught it; 0: the server's administrator.</param>
/// <param name="Tokens">As <see cref="TokenSet.ToArray"/>.</param>
internal sealed record Example(long Owner, bool IsSpam, uint[] Tokens)
{
    /// <summary>The places of <see cref="GramSet"/>, packed; empty where a message was learned before there were any.</summary>
    public byte[] Grams { get; init; } = [];

    // Of a letter that nobody here got only this much is learned: how sure that is, mail of this place has to say.
    private const double SpamAtLeast = 0.5;
    private const double HamAtMost = 0.73;

    /// <summary>One of <see cref="StartingLetters"/>.</summary>
    public bool IsInvented { get; init; }

    /// <summary>How far a model that says <paramref name="odds"/> should be moved: above 0 to spam.</summary>
    public double ErrorOf(double odds)
    {
        var said = 1 / (1 + Math.Exp(-odds));
        return (IsSpam, IsInvented) switch
        {
            (true, true) => Math.Max(0, SpamAtLeast - said),
            (false, true) => Math.Min(0, HamAtMost - said),
            (true, false) => 1 - said,
            _ => -said,
        };
    }
}
