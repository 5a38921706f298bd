using Aviso.Base;

namespace Aviso.MailAuth;

/// <summary>Reads a TLS report member by member; nothing but the policies is kept of it.</summary>
internal static class TlsReportReader
{
    /// <summary>Null when it is an object of another kind.</summary>
    public static TlsReport? Read(ReadOnlySpan<byte> octets, WorkBudget work)
    {
        var json = new ReportJson(octets, work);
        if (!json.Next() || !json.IsObject) return null;
        string organization = "", start = "", end = "", contact = "", id = "";
        List<TlsReportPolicy>? policies = null;
        var (failures, isCut) = (0, false);
        while (json.Member(out var name))
        {
            switch (name)
            {
                case "organization-name": organization = json.Text(); break;
                case "contact-info": contact = json.Text(); break;
                case "report-id": id = json.Text(); break;
                case "date-range" when json.IsObject: Range(ref json, ref start, ref end); break;
                case "policies" when json.IsArray && policies is null: policies = Policies(ref json, ref failures, ref isCut); break;
                default: json.Skip(); break;
            }
        }
        return policies is null ? null : new()
        {
            Organization = organization,
            Start = ReportText.Time(start),
            End = ReportText.Time(end),
            Contact = contact,
            ReportId = id,
            Policies = policies,
            IsCut = isCut,
        };
    }

    private static void Range(ref ReportJson json, ref string start, ref string end)
    {
        while (json.Member(out var name))
        {
            if (name == "start-datetime") start = json.Text();
            else if (name == "end-datetime") end = json.Text();
            else json.Skip();
        }
    }

    private static List<TlsReportPolicy> Policies(ref ReportJson json, ref int failures, ref bool isCut)
    {
        var policies = new List<TlsReportPolicy>();
        while (json.Item())
        {
            if (json.IsObject && policies.Count < TlsReport.MostPolicies) policies.Add(Policy(ref json, ref failures, ref isCut));
            else
            {
                isCut |= json.IsObject;
                json.Skip();
            }
        }
        return policies;
    }

    private static TlsReportPolicy Policy(ref ReportJson json, ref int failures, ref bool isCut)
    {
        var policy = new TlsReportPolicy("", "", [], [], 0, 0, []);
        while (json.Member(out var name))
        {
            switch (name)
            {
                case "policy" when json.IsObject: policy = About(ref json, policy); break;
                case "summary" when json.IsObject: policy = Summary(ref json, policy); break;
                case "failure-details" when json.IsArray:
                    policy = policy with { Failures = Failures(ref json, ref failures, ref isCut) };
                    break;
                default: json.Skip(); break;
            }
        }
        return policy;
    }

    private static TlsReportPolicy About(ref ReportJson json, TlsReportPolicy policy)
    {
        while (json.Member(out var name))
        {
            switch (name)
            {
                case "policy-type": policy = policy with { Type = json.Text().ToLowerInvariant() }; break;
                case "policy-domain": policy = policy with { Domain = Host(json.Text()) }; break;
                case "policy-string": policy = policy with { Lines = json.Texts() }; break;
                case "mx-host": policy = policy with { MxHosts = json.Texts() }; break;
                default: json.Skip(); break;
            }
        }
        return policy;
    }

    private static TlsReportPolicy Summary(ref ReportJson json, TlsReportPolicy policy)
    {
        while (json.Member(out var name))
        {
            if (name == "total-successful-session-count") policy = policy with { Successful = json.Count() };
            else if (name == "total-failure-session-count") policy = policy with { Failed = json.Count() };
            else json.Skip();
        }
        return policy;
    }

    private static List<TlsFailure> Failures(ref ReportJson json, ref int count, ref bool isCut)
    {
        var failures = new List<TlsFailure>();
        while (json.Item())
        {
            if (json.IsObject && count++ < TlsReport.MostFailures) failures.Add(Failure(ref json));
            else
            {
                isCut |= json.IsObject;
                json.Skip();
            }
        }
        return failures;
    }

    private static TlsFailure Failure(ref ReportJson json)
    {
        var failure = new TlsFailure("", "", "", "", 1, "", "");
        while (json.Member(out var name))
        {
            switch (name)
            {
                case "result-type": failure = failure with { Result = json.Text().ToLowerInvariant() }; break;
                case "sending-mta-ip": failure = failure with { SendingIp = json.Text() }; break;
                case "receiving-mx-hostname": failure = failure with { MxHost = Host(json.Text()) }; break;
                case "receiving-ip": failure = failure with { ReceivingIp = json.Text() }; break;
                case "failed-session-count": failure = failure with { Count = json.Count() }; break;
                case "failure-reason-code": failure = failure with { Reason = json.Text() }; break;
                case "additional-information": failure = failure with { More = json.Text() }; break;
                default: json.Skip(); break;
            }
        }
        return failure;
    }

    private static string Host(string text) => text.TrimEnd('.').ToLowerInvariant();
}
