require "imap4flags";
addflag "inner";
