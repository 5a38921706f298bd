require "reject"; reject "No."; redirect "other@example.net";
