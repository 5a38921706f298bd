require "include"; include "returns"; include "returns"; include "returns";
