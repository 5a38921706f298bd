using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace Aviso.Tests.Unit.House;

/// <summary>A counter that comes into being with its first event has no step that an alert could see.</summary>
public sealed class InstrumentTests
{
    [Fact]
    public void Every_class_with_instruments_publishes_them_at_the_start()
    {
        var meters = new[] { "Aviso.Wire", "Aviso.Data", "Aviso.Services", "aviso" }.SelectMany(a => Assembly.Load(a).GetTypes())
            .Where(t => t.GetFields(All).Any(f => f.FieldType == typeof(Meter))).ToList();
        Assert.True(meters.Count > 20, string.Join(' ', meters.Select(m => m.Name)));
        Assert.Empty(meters.Where(t => !t.GetMethods(All).Any(m => m.IsDefined(typeof(ModuleInitializerAttribute)))).Select(t =>
            t.FullName));
    }

    private const BindingFlags All = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
}
