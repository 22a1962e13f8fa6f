"""The deployment on AWS: one module for each Lambda function, by its name in serverless.yml."""
