"""What plays the ports: vendors and stores; one translator of errors for each."""
