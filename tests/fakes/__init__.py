"""Test doubles, one module for each port; each runs its port's contract suite."""
