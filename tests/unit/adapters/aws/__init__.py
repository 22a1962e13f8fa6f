"""The AWS adapters beyond the contract suites: faults, races and limits of the vendor."""
