"""The provider in a real Airflow, run by ``make test-outside``: the others have none."""
