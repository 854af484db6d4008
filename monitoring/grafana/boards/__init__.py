"""The Grafana dashboards, in code: `make dashboards` writes them to monitoring/grafana/dashboards.

One module per dashboard; `panels` are the kinds of panel, `frame` is what all dashboards share.
"""
