"""From a prediction to its record: journal, history, and MLflow."""
