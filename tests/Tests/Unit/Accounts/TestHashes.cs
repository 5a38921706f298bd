namespace Aviso.Tests.Unit.Accounts;

/// <summary>"correct horse" as crypt(3) of libxcrypt 4.4 hashes it, and doveadm pw -s ARGON2ID, in the notations that old systems use.</summary>
internal static class TestHashes
{
    public static readonly string[] All =
    [
        "{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "{SHA512-CRYPT}$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
        "$6$rounds=5000$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
        "{CRYPT}$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
        "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$+S5LYGKmgbn7rZ73n+NQAQ$O+NkEAsgm+hoNwOdscmI2E+Kr1QJU/jJghgvzypYEEo",
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79",
    ];
}
