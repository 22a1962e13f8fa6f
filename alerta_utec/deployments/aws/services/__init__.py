"""Builders of the services on AWS, by subject; settings come from a Lambda's environment.

Each raises ``KeyError`` if the environment lacks a variable that its docstring names. A Lambda
imports the subjects that its handler needs and loads nothing else.
"""
