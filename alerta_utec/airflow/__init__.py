"""The provider for Apache Airflow: a connection type, operators, a notifier and a sensor."""
