using Aviso.Base;

namespace Aviso.Doctor;

/// <summary>Reasons of the catalogue, as the end of "... were refused because".</summary>
internal static class RefusalWords
{
    private static readonly Dictionary<Reason, string> All = new()
    {
        [Reason.UnknownRecipient] = "nobody here has the address",
        [Reason.RelayDenied] = "a stranger wanted to send through this server",
        [Reason.Spam] = "the filter was sure that it was junk",
        [Reason.Virus] = "a virus was found",
        [Reason.Greylisted] = "the sender was new and had to try again later",
        [Reason.Unscanned] = "the virus scanner could not be asked, so that the sender had to try again later",
        [Reason.OverQuota] = "the mailbox was full",
        [Reason.Suspended] = "the account is suspended",
        [Reason.LoginNeeded] = "a login was needed and none was given",
        [Reason.TooManyRecipients] = "one message was for too many recipients",
        [Reason.Script] = "a Sieve script said so",
        [Reason.Store] = "this server could not store them at that moment",
        [Reason.Size] = "the message was too large",
        [Reason.Loop] = "the message went in circles",
        [Reason.SendAs] = "an account wanted to send as somebody else",
        [Reason.SendingLimit] = "an account wanted to send more than it may",
        [Reason.Rate] = "a client did too much in too short a time",
        [Reason.StepFault] = "something in this server failed, so that the sender had to try again later",
        [Reason.Header] = "the header of the message was broken",
        [Reason.Dmarc] = "the message was not from the domain it named, and that domain asks to refuse such mail (DMARC)",
        [Reason.NextHop] = "the server that should have taken the message did not",
    };

    /// <param name="word">Of the catalogue; another is said as it is.</param>
    public static string Of(string word) => All.FirstOrDefault(w => w.Key.Word == word).Value ?? $"of the reason \"{word}\"";
}
