"""The notifications wing: who gets an e-mail or a message about a change, and its sending."""
