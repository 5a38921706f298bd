require ["imap4flags", "fileinto"]; if hasflag "first" { fileinto "Archive"; }
