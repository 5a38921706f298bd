require ["ihave", "fileinto"];
fileinto "Lost";
if not ihave "no-such-thing" { error "for my own reason"; }
