namespace Aviso.Spam;

/// <summary>
/// Logistic regression over <see cref="GramSet"/>, learned by FTRL-proximal ("follow the regularized leader", McMahan and others, 2013):
/// each weight moves by a step of its own that shrinks with what it has seen. Immutable once trained; 2 MiB, however much was learned.
/// </summary>
internal sealed class GramModel
{
    private const int Places = 1 << GramSet.Bits;
    private const int Passes = 6;
    private const float Step = 0.5f;
    private const float Smooth = 0.01f;

    // Messages the model is this sure of teach it nothing more.
    private const double Sure = 0.01;

    private readonly float[] _weights = new float[Places];
    private double _bias;

    /// <summary>Log-odds of spam: above 0 speaks for spam.</summary>
    public double Judge(ReadOnlySpan<uint> places)
    {
        var shares = new GramShares(places);
        var (header, body) = (0f, 0f);
        foreach (var place in places[..shares.InHeader]) header += _weights[place];
        foreach (var place in places[shares.InHeader..]) body += _weights[place];
        return (header * shares.Header) + (body * shares.Body) + _bias;
    }

    /// <summary>What one place adds to <see cref="Judge"/>.</summary>
    public float Adds(uint place, GramShares shares) => _weights[place] * (place < GramSet.Body ? shares.Header : shares.Body);

    /// <summary>Trains anew. Deterministic for the same examples in the same order.</summary>
    public static GramModel Train(IReadOnlyList<Example> examples, CancellationToken cancel)
    {
        var (model, leader) = (new GramModel(), new Leader());
        var random = new Random(examples.Count);
        var order = Enumerable.Range(0, examples.Count).Where(at => examples[at].Grams.Length > 0).ToArray();
        for (var pass = 0; pass < Passes; pass++)
        {
            random.Shuffle(order);
            foreach (var at in order)
            {
                cancel.ThrowIfCancellationRequested();
                var places = LearnedMessages.Unpack(examples[at].Grams);
                var error = examples[at].ErrorOf(model.Judge(places));
                if (Math.Abs(error) < Sure) continue;
                var shares = new GramShares(places);
                leader.Correct(model._weights, places.AsSpan(0, shares.InHeader), (float)error * shares.Header);
                leader.Correct(model._weights, places.AsSpan(shares.InHeader), (float)error * shares.Body);
                model._bias += error * 0.01;
            }
        }
        return model;
    }

    /// <summary>What FTRL remembers of each weight while it learns: the sum of its slopes, and of their squares.</summary>
    private sealed class Leader
    {
        private readonly float[] _sums = new float[Places];
        private readonly float[] _squares = new float[Places];

        public void Correct(float[] weights, ReadOnlySpan<uint> places, float slope)
        {
            var square = slope * slope;
            foreach (var place in places)
            {
                var (before, after) = (MathF.Sqrt(_squares[place]), MathF.Sqrt(_squares[place] += square));
                _sums[place] += slope + ((after - before) / Step * weights[place]);
                weights[place] = _sums[place] * Step / (Smooth + after);
            }
        }
    }
}

/// <summary>What one place of a message weighs: header and body the same together, and a long message no more than a short one.</summary>
internal readonly struct GramShares
{
    public GramShares(ReadOnlySpan<uint> places)
    {
        InHeader = GramSet.InHeader(places);
        (Header, Body) = (Of(InHeader), Of(places.Length - InHeader));
    }

    /// <summary>So many of the places, the first ones, are the header's.</summary>
    public int InHeader { get; }

    public float Header { get; }

    public float Body { get; }

    private static float Of(int count) => count == 0 ? 0 : 1 / MathF.Sqrt(count + 3);
}
