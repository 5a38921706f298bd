redirect "a@example.net"; redirect "b@example.net"; redirect "A@example.net"; redirect "c@example.net";
