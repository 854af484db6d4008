"""The JSON that routes take and answer, as models for the OpenAPI document and its clients."""
