require ["include", "fileinto"];
include "returns";
fileinto "A";
include "stops";
fileinto "B";
