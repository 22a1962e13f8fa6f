"""DAGs to begin with: copy one to the folder of DAGs, and change it to taste."""
