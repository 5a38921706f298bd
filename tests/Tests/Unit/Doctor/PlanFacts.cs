using System.Net;
using Aviso.Delivery;
using Aviso.Doctor;

namespace Aviso.Tests.Unit.Doctor;

/// <summary>A server with everything that a plan is made of.</summary>
internal static class PlanFacts
{
    public const string Key =
        "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAw7MPW2lqPqiCAvvSWu0hlDbJmjnJGYQ0BHwKVKSdvTI7w2xV5RhGMmd4v7lP0dXRZb"
        + "m2b5VxF7cJ0h1nJkq2n9c6YgYQx0WmJwq3p9hQ1u7O8n5k2r4t6y8z0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r"
        + "8s9t0u1v2w3x4y5z6A7B8C9D0E1F2G3H4I5J6K7L8M9N0O1P2Q3R4S5T6U7V8W9X0Y1Z2a3b4c5d6";

    public static readonly StsPolicy Policy = new(StsMode.Enforce, ["mail.example.org"], TimeSpan.FromDays(7));

    public static PlanInput Full { get; } = new()
    {
        HostName = "mail.example.org",
        Domains = ["example.org", "example.com"],
        Addresses = [IPAddress.Parse("192.0.2.25"), IPAddress.Parse("2001:db8::25")],
        Keys = [new("example.org", "one", Key, Signs: true), new("example.com", "two", Key.Replace("MII", "MIJ", StringComparison.Ordinal),
            Signs: false)],
        Relays = [new("vendor", "include:spf.vendor.example", [("v1", "v1.{domain-dashed}.dkim.vendor.example")])],
        Sts = Policy,
        Doors = [new("_imaps", 993), new("_submissions", 465), new("_jmap", 443)],
        ServesWeb = true,
        Tlsa = new("3 1 1 " + new string('a', 64), "3 1 1 " + new string('b', 64), new Dictionary<string, string>(), IsSigned: true,
            IsOurs: true),
        Authorities = ["ca.example"],
    };
}
