require ["extlists"]; if header :list "subject" "tag:none" { keep; }
