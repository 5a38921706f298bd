require ["reject", "ereject"]; reject "No."; ereject "No.";
