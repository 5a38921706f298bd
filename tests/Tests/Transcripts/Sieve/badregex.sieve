require ["variables", "regex"];
set "x" "a(";
if string :regex "a" "${x}" { discard; }
