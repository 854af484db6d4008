"""The engine room: a model bundle in, detections out. No HTTP, no queueing, no records."""
