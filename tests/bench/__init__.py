"""The benchmarks work; how fast anything is, is none of the tests' business."""
