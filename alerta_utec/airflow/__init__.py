"""Alerta UTEC in Apache Airflow: a connection, operators, a notifier, a sensor."""
