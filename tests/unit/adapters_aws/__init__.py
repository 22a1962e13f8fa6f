"""What is particular to the AWS adapters, beside the ports' contract suites."""
