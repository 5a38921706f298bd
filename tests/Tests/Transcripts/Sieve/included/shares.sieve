require ["include", "variables"];
if string "${local}" "here" { stop; }
global ["shared"];
set "local" "there";
set "shared" "${shared} two";
set "global.other" "new";
