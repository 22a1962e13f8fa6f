"""The adapters of the kernel, beyond the contract suites of their ports."""
