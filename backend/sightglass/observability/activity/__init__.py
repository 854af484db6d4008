"""What the platform did, step by step, kept in Redis for a day: charts without Prometheus.

`values` reads what was counted, `sampler` forms the steps, `store` keeps them.
"""
