using System.Collections.Frozen;

namespace Aviso.Jmap;

/// <summary>Every capability and every method that this server has.</summary>
internal sealed class MethodTable
{
    private readonly FrozenDictionary<string, IMethod> _methods;
    private readonly FrozenDictionary<string, Capability> _capabilities;

    public MethodTable(IReadOnlyList<Feature> features)
    {
        _methods = features.SelectMany(f => f.Methods).ToFrozenDictionary(m => m.Name, StringComparer.Ordinal);
        Capabilities = [.. features.Select(f => f.Capability)];
        _capabilities = Capabilities.ToFrozenDictionary(c => c.Uri, StringComparer.Ordinal);
    }

    /// <summary>In the order of the session.</summary>
    public IReadOnlyList<Capability> Capabilities { get; }

    public IReadOnlyCollection<string> Names => _methods.Keys;

    public bool Knows(string capability) => _capabilities.ContainsKey(capability);

    public Capability CapabilityOf(IMethod method) => _capabilities[method.Capability];

    public IMethod? Find(string name) => _methods.GetValueOrDefault(name);

    /// <summary>What each room brings.</summary>
    public static MethodTable Of(JmapRooms rooms) => new(
    [
        CoreFeature.Of(
            rooms.Limits, new BlobCopy(rooms.Blobs, rooms.Limits), new PushSubscriptionGet(rooms.Push, rooms.Limits),
            new PushSubscriptionSet(rooms.Push, rooms.Services.Clock, rooms.Limits)),
        MailFeature.Of(rooms.Mail, rooms.Limits), ExpungedFeature.Of(rooms.Mail, rooms.Limits), SubmissionFeature.Of(rooms),
        WebPushFeature.Of(rooms.Vapid), QuotaFeature.Of(rooms.Quotas, rooms.Limits),
        SieveFeature.Of(rooms.Services.Scripts, rooms.Blobs, rooms.Limits),
        VacationFeature.Of(rooms.Services.Scripts.Replies, rooms.Limits), ReceiptFeature.Of(rooms),
        BlobFeature.Of(rooms.Blobs, rooms.Services.Store, rooms.Limits), ContactsFeature.Of(rooms), SocketFeature.Of(),
    ]);
}
