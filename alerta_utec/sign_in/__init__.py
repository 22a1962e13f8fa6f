"""The sign-in wing: keys of machines, and the sessions of people."""
