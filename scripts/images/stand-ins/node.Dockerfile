# Stands in for the official Node image: Node and npm from the wheel that `make run` uses.
ARG PYTHON_IMAGE
# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE}
ARG NODE_PACKAGE
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    python -m venv /opt/node \
    && /opt/node/bin/pip install --no-cache-dir --quiet "$NODE_PACKAGE"
# Node has a list of certificates of its own; the build mounts the host's over the system's.
ENV PATH=/opt/node/bin:$PATH \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
