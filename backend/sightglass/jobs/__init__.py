"""Queued work: accepting tasks, running them in Celery workers, and the schedule."""
