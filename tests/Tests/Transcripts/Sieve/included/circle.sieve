require "include";
include "circle-back";
