# Stands in for python:3.11-slim-bookworm where no registry can be reached: the same Debian with its
# own Python 3.11 under the names that the official image has.
ARG DEBIAN_IMAGE
# hadolint ignore=DL3006
FROM ${DEBIAN_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
         python3.11 python3.11-venv \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && for name in python python3 python3.11; do \
         ln -s /usr/bin/python3.11 "/usr/local/bin/$name"; \
       done
CMD ["python3"]
