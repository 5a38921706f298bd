require "reject"; reject "No.";
