"""Tests that the benchmarks work; speed is not their subject."""
