"""One module at a time, over the fakes."""
