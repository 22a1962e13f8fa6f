"""Example DAGs: copy one to the folder of DAGs and adapt it."""
