filinto "A";
fileinto "B";
