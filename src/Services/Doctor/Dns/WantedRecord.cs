namespace Aviso.Doctor;

/// <summary>A DNS record that ought to be published.</summary>
/// <param name="State">published, missing, differs or unknown.</param>
/// <param name="Advice">What to do; empty when all is well.</param>
/// <param name="Urgent">Mail, or what we promise about it, fails as long as it is so.</param>
public sealed record WantedRecord(string Name, string Type, string Value, string State, string Advice, bool Urgent = false);
