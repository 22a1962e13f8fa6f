"""The provider in a real Airflow, run by ``make test-integrations``: the others have none."""
