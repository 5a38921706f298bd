require ["include", "variables"];
global "where";
set "where" "Inner";
return;
