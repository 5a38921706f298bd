using System.Collections.Concurrent;
using Aviso.Mime;
using Aviso.Store;
using Microsoft.Extensions.Logging;

namespace Aviso.Spam;

/// <summary>What the two learners say of a message.</summary>
/// <param name="Words">Log-odds of spam by words and make.</param>
/// <param name="Grams">Log-odds of spam by groups of octets; null where none were learned.</param>
/// <param name="Known">0 to 1: how far this may count; 1 from <see cref="LearnedWords.Enough"/> messages of each class on.</param>
internal readonly record struct WordOpinion(double Words, double? Grams, double Known);

/// <summary>
/// The classifier: learned messages and the models trained from them. Learning is cheap and exact to take back, since the messages are kept
/// (as hashes) and the models are made anew from them in the background: one of words and one of grams for all; an account with messages of
/// its own has a small one of words that corrects them, by more the more it has taught. Thread-safe; judging touches no disk.
/// </summary>
public sealed class LearnedWords : IDisposable
{
    /// <summary>Below so many messages of each class the classifier is silent.</summary>
    public const int AtLeast = 30;

    /// <summary>From so many messages of each class on it speaks with its full voice.</summary>
    public const int Enough = 200;

    private const int SharedBits = 20;
    private const int OwnBits = 14;
    private const int OwnExamples = 400;
    private const int OwnAtLeast = 10;
    private const int OwnHalf = 40;
    private const int MostOwnModels = 256;

    // Training takes at most this share of one core.
    private const double TrainingShare = 0.05;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly LearnedMessages _messages;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<long, OwnModel> _own = new();
    private volatile Trained? _trained;
    private Task _training;
    private int _changes, _hurried;
#pragma warning disable CA2213 // TrainLaterAsync disposes what it rests on
    private CancellationTokenSource? _rest;
#pragma warning restore CA2213

    /// <param name="file">DATA/spam.db; stays the caller's.</param>
    public LearnedWords(RowFile file, TimeProvider clock, ILogger log)
    {
        (_messages, _clock, _log) = (new(file, clock), clock, log);
        _training = Ready = Task.Run(Train, CancellationToken.None);
    }

    /// <summary>Learned messages that the model in use was made from.</summary>
    public (int Ham, int Spam) Learned => _trained is { } t ? (t.Ham, t.Spam) : (0, 0);

    /// <summary>Done when everything learned up to now is in the model.</summary>
    public async Task SettleAsync()
    {
        lock (_gate) _hurried++;
        try
        {
            while (true)
            {
                Task running;
                lock (_gate)
                {
                    running = _training;
                    if (running.IsCompleted && _changes == 0) return;
                    _rest?.Cancel();
                    if (running.IsCompleted) running = _training = Task.Run(Train, CancellationToken.None);
                }
                await running;
            }
        }
        finally
        {
            lock (_gate) _hurried--;
        }
    }

    /// <summary>
    /// Learns a message; saying the opposite of what was said before replaces it, saying the same again changes nothing.
    /// </summary>
    /// <param name="owner">Whose opinion it is; <c>default</c> for the administrator's.</param>
    /// <param name="key">Names the message: at most 64 octets.</param>
    /// <returns>False when this was known.</returns>
    public bool Learn(AccountId owner, ReadOnlySpan<byte> key, bool isSpam, MessageContent content, MimePart root)
    {
        using var tokens = new TokenSet();
        using var grams = new GramSet();
        MessageTokens.Read(content, root, tokens);
        grams.Read(content);
        if (!_messages.Set(owner.Value, key, isSpam, tokens.ToArray(), grams.ToArray())) return false;
        Changed(owner);
        return true;
    }

    /// <summary>Takes back what <paramref name="owner"/> said of a message.</summary>
    public bool Forget(AccountId owner, ReadOnlySpan<byte> key)
    {
        if (!_messages.Remove(owner.Value, key)) return false;
        Changed(owner);
        return true;
    }

    /// <summary>What was said of a message: true for spam, null for nothing.</summary>
    public bool? Said(AccountId owner, ReadOnlySpan<byte> key) => _messages.Find(owner.Value, key);

    /// <summary>The first training after the start; until then nothing is known.</summary>
    internal Task Ready { get; }

    /// <summary>The shared opinion; null when too little was learned.</summary>
    internal WordOpinion? Judge(ReadOnlySpan<uint> tokens, ReadOnlySpan<uint> grams) => _trained is { Model: { } model } trained
        ? new(model.Judge(tokens), trained.Grams?.Judge(grams), trained.Known) : null;

    /// <summary>What each token adds to the shared opinion.</summary>
    internal void Explain(ReadOnlySpan<uint> tokens, Span<float> into)
    {
        if (_trained?.Model is { } model) model.Explain(tokens, into);
        else into.Clear();
    }

    /// <summary>The model of grams in use; null when too little was learned.</summary>
    internal GramModel? Grams => _trained?.Grams;

    /// <summary>By how much the account corrects the shared log-odds; 0 without messages of its own, or while they are read.</summary>
    internal double Correction(AccountId account, ReadOnlySpan<uint> tokens)
    {
        if (_trained is not { Model: not null } trained) return 0;
        if (!trained.Owners.Contains(account.Value)) return 0;
        if (_own.TryGetValue(account.Value, out var own) && own.Of == trained) return own.Model is { } model ? model.Judge(tokens) * own.Weight : 0;
        // Another thread reads it; this message goes by the shared opinion, or by the account's last one.
        _own[account.Value] = new(trained, own?.Model, own?.Weight ?? 0);
        _ = Task.Run(() => TrainOwn(account, trained), CancellationToken.None);
        return own?.Model is { } last ? last.Judge(tokens) * own.Weight : 0;
    }

    public void Dispose()
    {
        _stop.Cancel();
        Task running;
        lock (_gate) running = _training;
        running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private void Changed(AccountId owner)
    {
        SpamMeters.Learned(owner != default);
        lock (_gate)
        {
            _changes++;
            if (_training.IsCompleted) _training = Task.Run(TrainLaterAsync, CancellationToken.None);
        }
    }

    private async Task TrainLaterAsync()
    {
        // A round for what came during the last one too.
        do
        {
            using var rest = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            lock (_gate)
            {
                _rest = rest;
                if (_hurried > 0) rest.Cancel();
            }
            await Task.Delay(Pause + (_trained is { } last ? last.Took / TrainingShare : TimeSpan.Zero), _clock, rest.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_gate) _rest = null;
            Train();
        }
        while (More());
    }

    private bool More()
    {
        lock (_gate) return _changes > 0 && !_stop.IsCancellationRequested;
    }

    private void Train()
    {
        lock (_gate) _changes = 0;
        if (_stop.IsCancellationRequested) return;
        try
        {
            var started = _clock.GetTimestamp();
            var examples = _messages.Read(null, 2 * LearnedMessages.MostOfAClass);
            var spam = examples.Count(e => e.IsSpam);
            var ham = examples.Count - spam;
            var enough = Math.Min(ham, spam) >= AtLeast;
            Example[] all = enough ? [.. examples, .. StartingLetters.Beside(ham)] : [];
            var model = enough ? WordModel.Train(all, SharedBits, null, _stop.Token) : null;
            var both = enough && HaveGrams(examples, isSpam: true) && HaveGrams(examples, isSpam: false);
            var grams = both ? GramModel.Train(all, _stop.Token) : null;
            var took = _clock.GetElapsedTime(started);
            _trained = new(model, grams, ham, spam, examples.Where(e => e.Owner != 0).Select(e => e.Owner).ToHashSet(), took);
            if (examples.Count > 0) _log.Trained(ham, spam, took.TotalMilliseconds);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.TrainingFailed(e);
        }
        catch (OperationCanceledException)
        {
        }
    }

    // What was learned before there were grams has none: they wait until enough came since.
    private static bool HaveGrams(List<Example> examples, bool isSpam)
    {
        var (count, having) = (0, 0);
        foreach (var example in examples)
        {
            if (example.IsSpam != isSpam) continue;
            count++;
            if (example.Grams.Length > 0) having++;
        }
        return having >= Math.Min(Enough, count / 2) && having >= AtLeast;
    }

    private void TrainOwn(AccountId account, Trained shared)
    {
        try
        {
            var examples = _messages.Read(account.Value, OwnExamples);
            WordModel? model = null;
            if (examples.Count >= OwnAtLeast)
                model = WordModel.Train(examples, OwnBits, [.. examples.Select(e => shared.Model!.Judge(e.Tokens))], _stop.Token);
            if (_own.Count > MostOwnModels) _own.Clear();
            _own[account.Value] = new(shared, model, examples.Count / (double)(examples.Count + OwnHalf));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.TrainingFailed(e);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>How much what was learned here is worth, 0 to 1: less while there is little of it.</summary>
    public double Known => _trained is { Model: not null } trained ? trained.Known : 0;

    private sealed record Trained(WordModel? Model, GramModel? Grams, int Ham, int Spam, HashSet<long> Owners, TimeSpan Took)
    {
        public double Known => Math.Clamp(Math.Sqrt(Math.Min(Ham, Spam) / (double)Enough), 0, 1);
    }

    private sealed record OwnModel(Trained Of, WordModel? Model, double Weight);
}
