using System.Text.Json;
using Aviso.Store;

namespace Aviso.Jmap;

/// <summary>One call of a method within a request.</summary>
/// <param name="arguments">An object; result references have been put in their place.</param>
/// <param name="account">Of the argument accountId, which was checked; <c>default</c> for methods without one.</param>
internal sealed class Call(JsonElement arguments, Utf8JsonWriter answer, JmapUser user, AccountId account, CreatedIds created)
{
    private List<FollowingCall>? _following;

    public JsonElement Arguments => arguments;

    public Utf8JsonWriter Answer => answer;

    public JmapUser User => user;

    public AccountId Account => account;

    public CreatedIds Created => created;

    /// <summary>Capabilities that the request is using.</summary>
    public IReadOnlySet<string> Using { get; init; } = new HashSet<string>();

    public bool Uses(string capability) => Using.Contains(capability);

    /// <summary>Reads the arguments; who has read all that are known ends with <see cref="ArgumentReader.End"/>.</summary>
    public ArgumentReader Read() => new(arguments, hasAccount: account != default);

    /// <summary>
    /// Has another method called right after this one, in its name and with its call id, as onSuccessDestroyOriginal wants it
    /// (RFC 8620 §5.4). Not done when this call fails.
    /// </summary>
    /// <param name="into">Writes the arguments, one object.</param>
    public void Follow(string method, Action<Utf8JsonWriter> into) => (_following ??= []).Add(new(method, into));

    public IReadOnlyList<FollowingCall> Following => _following ?? (IReadOnlyList<FollowingCall>)[];
}

/// <summary>A call that another one makes.</summary>
internal sealed record FollowingCall(string Method, Action<Utf8JsonWriter> Arguments);
