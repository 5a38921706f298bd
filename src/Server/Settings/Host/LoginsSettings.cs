namespace Aviso.Settings;

public sealed class LoginsSection : SettingsSection
{
    internal static readonly Table<LoginsSection> Table = new("How people log in.");

    public bool TwoStepNeedsAppPassword => Get(TwoStepNeedsAppPasswordKey);

    private static readonly Key<bool> TwoStepNeedsAppPasswordKey = new(Table, "two_step_needs_app_password", Types.Boolean, true,
        "Accounts with a second factor (`aviso account totp`) cannot use their password in mail programs, which cannot ask for the second factor: each program gets an "
        + "app password (`aviso app-password add`). With false the password alone is enough there.")
    { Example = "false" };
}
