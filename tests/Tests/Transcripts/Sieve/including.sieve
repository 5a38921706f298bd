require ["include", "variables", "fileinto"];
global "where";
include "inner";
fileinto "${where}";
