require "fileinto"; fileinto "Archive";
