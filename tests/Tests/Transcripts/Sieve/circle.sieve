require "include"; include "circle";
