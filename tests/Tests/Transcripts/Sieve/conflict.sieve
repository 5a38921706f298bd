require ["reject", "fileinto"];
fileinto "A";
reject "No.";
