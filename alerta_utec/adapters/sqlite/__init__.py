"""The store on one machine: incidents, deliveries and jobs in one SQLite file."""
