using System.Buffers;
using System.Text.Json;
using Aviso.Net;
using Microsoft.Extensions.Logging;

namespace Aviso.Jmap;

/// <summary>One request while it is processed: its calls one after the other, each answered or failed by itself (RFC 8620 §3.4,
/// §3.6.2).</summary>
internal sealed class RequestRun : IDisposable
{
    private readonly MethodTable _table;
    private readonly ILogger _log;
    private readonly JmapUser _user;
    private readonly Request _request;
    private readonly SocketEnvelope? _envelope;
    private readonly CreatedIds _created = new();
    private readonly ResponseBuffer _buffer;
    private readonly EarlierResponses _earlier;
    private readonly ResultReferences _references;
    private readonly Utf8JsonWriter _writer;
    private bool _hasAnswer;

    /// <param name="envelope">What stands before the response; null over HTTP.</param>
    public RequestRun(
        MethodTable table, JmapLimits limits, ILogger log, JmapUser user, Request request, SocketEnvelope? envelope = null)
    {
        (_table, _log, _user, _request, _envelope) = (table, log, user, request, envelope);
        foreach (var (creationId, id) in request.Created ?? new Dictionary<string, string>()) _created.Add(creationId, id);
        _buffer = new(limits.MaxSizeResponse);
        _earlier = new(_buffer);
        _references = new(_earlier, limits.MaxSizeRequest);
        _writer = new(_buffer, InternetJson.Writing);
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        _buffer.Add("{"u8);
        if (_envelope is not null) WriteHead(_envelope);
        _buffer.Add("\"methodResponses\":["u8);
        foreach (var call in _request.Calls)
        {
            var following = await RunAsync(call, isImplicit: false, cancel);
            // RFC 8620 §5.4: after the response, before the next method.
            foreach (var next in following) await FollowAsync(next, call.CallId, cancel);
        }
        _buffer.Add("]"u8);
    }

    public JmapReply Finish(string sessionState)
    {
        _writer.Reset(_buffer);
        _buffer.Add(",\"sessionState\":"u8);
        _writer.WriteStringValue(sessionState);
        if (_request.Created is not null)
        {
            _writer.Flush();
            _writer.Reset(_buffer);
            _buffer.Add(",\"createdIds\":"u8);
            _writer.WriteStartObject();
            foreach (var (creationId, id) in _created.All) _writer.WriteString(creationId, id);
            _writer.WriteEndObject();
        }
        _writer.Flush();
        _buffer.Add("}"u8);
        return _buffer.Reply(200, JmapReply.Json);
    }

    public void Dispose()
    {
        _writer.Dispose();
        _references.Dispose();
        _earlier.Dispose();
        _buffer.Dispose();
    }

    // Members of an object that is begun and ended by others: a comma after the last.
    private void WriteHead(SocketEnvelope envelope)
    {
        _buffer.Add("\"@type\":\"Response\","u8);
        if (envelope.RequestId is null) return;
        _buffer.Add("\"requestId\":"u8);
        _writer.Reset(_buffer);
        _writer.WriteStringValue(envelope.RequestId);
        _writer.Flush();
        _buffer.Add(","u8);
    }

    private async Task FollowAsync(FollowingCall next, string callId, CancellationToken cancel)
    {
        var octets = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(octets, InternetJson.Writing)) next.Arguments(writer);
        using var arguments = InternetJson.ParseOwn(octets.WrittenMemory);
        await RunAsync(new(next.Method, arguments.RootElement, callId), isImplicit: true, cancel);
    }

    /// <summary>Answers one call; what it wants to follow it.</summary>
    private async Task<IReadOnlyList<FollowingCall>> RunAsync(Invocation invocation, bool isImplicit, CancellationToken cancel)
    {
        var start = _buffer.Length;
        if (_hasAnswer) _buffer.Add(","u8);
        var known = _table.Find(invocation.Name);
        try
        {
            // RFC 8620 §1.8: what the client does not opt in to is not there. What a method calls by itself its own capability covers.
            if (known is not { } method || (!isImplicit && !_request.Using.Contains(method.Capability)))
                throw new MethodFailure("unknownMethod");
            JmapMeters.Called(method.Name);
            var call = Prepare(method, invocation, isImplicit);
            var at = Begin(method.Name);
            _buffer.IsBounded = true;
            await method.RunAsync(call, cancel);
            End(method.Name, invocation.CallId, at);
            return call.Following;
        }
        catch (MethodFailure failure)
        {
            Fail(start, invocation.CallId, failure);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            var id = LineSession.NewFaultId();
            JmapMeters.Faults.Add(1);
            _log.Fault(e, id, known?.Name ?? "", _user.Address);
            Fail(start, invocation.CallId, new("serverFail", $"a fault of the server; its log names it {id}"));
        }
        return [];
    }

    private Call Prepare(IMethod method, Invocation invocation, bool isImplicit)
    {
        var arguments = isImplicit ? invocation.Arguments : _references.Resolve(invocation.Arguments);
        if (!method.HasAccount) return new(arguments, _writer, _user, default, _created) { Using = _request.Using };
        if (!arguments.TryGetProperty("accountId"u8, out var given)) throw MethodFailure.InvalidArgument("accountId", "missing");
        if (given.ValueKind != JsonValueKind.String) throw MethodFailure.InvalidArgument("accountId", "no string");
        if (given.GetString() != _user.Account.ToString()) throw new MethodFailure("accountNotFound");
        if (!_table.CapabilityOf(method).IsFor(_user)) throw new MethodFailure("accountNotSupportedByMethod");
        if (method.Changes && !_user.MayChange) throw new MethodFailure("accountReadOnly");
        return new(arguments, _writer, _user, _user.Account, _created) { Using = _request.Using };
    }

    private int Begin(string name)
    {
        _buffer.Add("[\""u8);
        _buffer.Add(System.Text.Encoding.ASCII.GetBytes(name));
        _buffer.Add("\","u8);
        _writer.Reset(_buffer);
        return _buffer.Length;
    }

    private void End(string name, string callId, int at)
    {
        _writer.Flush();
        _buffer.IsBounded = false;
        _earlier.Add(name, callId, at, _buffer.Length);
        _buffer.Add(","u8);
        _writer.Reset(_buffer);
        _writer.WriteStringValue(callId);
        _writer.Flush();
        _buffer.Add("]"u8);
        _hasAnswer = true;
    }

    private void Fail(int start, string callId, MethodFailure failure)
    {
        JmapMeters.Failed(failure.Type);
        _buffer.IsBounded = false;
        _writer.Reset(_buffer);
        _buffer.Cut(start);
        if (_hasAnswer) _buffer.Add(","u8);
        var at = Begin("error");
        failure.Write(_writer);
        End("error", callId, at);
    }
}
