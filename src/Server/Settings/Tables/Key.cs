namespace Aviso.Settings;

/// <summary>One key of a section: what parser, sample, manual, schema and checks know of it.</summary>
internal abstract class SettingsKey(ITable table, string name, string doc, object? standard)
{
    public ITable Table { get; } = table;

    public string Name { get; } = name;

    /// <summary>Sentences for the manual.</summary>
    public string Doc { get; } = doc;

    /// <summary>What holds when the key is left out; null: nothing.</summary>
    public object? Standard { get; } = standard;

    public abstract SettingType Type { get; }

    public bool Required { get; init; }

    /// <summary>A valid value as YAML, on one line or (for lists of maps) several.</summary>
    public required string Example { get; init; }

    /// <summary>Said in the manual instead of the value itself, where the default is worked out.</summary>
    public string? DefaultText { get; init; }

    /// <summary>The part that will use the key, when that is not part of this version yet; else null.</summary>
    public string? Later { get; init; }

    /// <summary>A change is read at once and holds after a restart only.</summary>
    public bool AfterRestart { get; init; }

    /// <summary>The place among the keys of its table.</summary>
    public int At { get; protected init; }

    /// <summary>What holds when the key is left out, in words.</summary>
    public string Default
    {
        get
        {
            if (DefaultText is not null) return DefaultText;
            var text = Type.Format(Standard);
            return Required || text is "" or "{  }" ? "" : text;
        }
    }

    /// <summary>Gives a section that says nothing about this key a section below of its own.</summary>
    public abstract void Fill(SettingsSection section);

    public abstract void Read(SettingsSection section, Node node, string path, Reading reading);

    /// <summary>The value as YAML; references instead of secrets.</summary>
    public string Show(SettingsSection section) => Type.Format(section.ValueOf(this));

    public bool IsDefault(SettingsSection section) => Show(section) == Type.Format(Standard);
}

/// <summary>A key with its type. It stands beside the property that gives its value.</summary>
internal sealed class Key<TValue> : SettingsKey
{
    private readonly SettingType<TValue> _type;

    /// <summary>A key without a standard value.</summary>
    public Key(ITable table, string name, SettingType<TValue> type, string doc) : base(table, name, doc, null) => (_type, At) = (type, table.Add(this));

    public Key(ITable table, string name, SettingType<TValue> type, TValue standard, string doc) : base(table, name, doc, standard) =>
        (_type, At) = (type, table.Add(this));

    public override SettingType Type => _type;

    /// <summary>What becomes of a value that was read.</summary>
    public Func<TValue, TValue>? Then { get; init; }

    public override void Fill(SettingsSection section)
    {
        if (ReferenceEquals(section.ValueOf(this), Standard) && _type.TryMake(out var made)) section.Set(this, made);
    }

    public override void Read(SettingsSection section, Node node, string path, Reading reading)
    {
        if (_type.TryRead(node, path, reading, out var value)) section.Set(this, Then is null ? value : Then(value));
    }
}
