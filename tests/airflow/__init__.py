"""The provider in a real Airflow; only ``make test-outside`` runs these tests."""
