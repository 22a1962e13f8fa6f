"""The documents' snippets, run in the order in which a reader pastes them."""
