namespace Aviso.Jmap;

/// <summary>AddressBook/get (RFC 9610 §2.1).</summary>
internal sealed class AddressBookGet(ContactStore contacts, JmapLimits limits) : IMethod
{
    public string Name => "AddressBook/get";

    public string Capability => Capabilities.Contacts;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var get = GetArguments.Read(reader, limits, AddressBook.Properties.Contains);
        reader.End();
        var now = await contacts.ReadAsync(call.Account, cancel);
        var books = now.Books.Values.OrderBy(static b => b.SortOrder).ThenBy(static b => b.Id, StringComparer.Ordinal).ToList();
        GetAnswer.Write(
            call, get, limits, now.BookLog.State, books, static b => b.Id, b => b.Write(call.Answer, get.Wants, call.User));
    }
}

/// <summary>AddressBook/changes (RFC 9610 §2.2).</summary>
internal sealed class AddressBookChanges(ContactStore contacts, JmapLimits limits) : IMethod
{
    public string Name => "AddressBook/changes";

    public string Capability => Capabilities.Contacts;

    public async Task RunAsync(Call call, CancellationToken cancel)
    {
        var reader = call.Read();
        var arguments = ChangesArguments.Read(reader, limits);
        reader.End();
        (await contacts.ReadAsync(call.Account, cancel)).BookLog.Since(arguments).Write(call);
    }
}
