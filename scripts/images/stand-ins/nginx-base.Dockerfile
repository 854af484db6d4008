# Stands in for the official nginx image: Debian's nginx, and an entry point that does what the
# official one does: first all of /docker-entrypoint.d in the order of the names, then the command.
ARG DEBIAN_IMAGE
# hadolint ignore=DL3006
FROM ${DEBIAN_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
         nginx curl gettext-base \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /etc/nginx/sites-* /etc/nginx/conf.d/* \
    && mkdir -p /usr/share/nginx/html /docker-entrypoint.d \
    && groupadd --system --gid 101 nginx \
    && useradd --system --uid 101 --gid 101 --no-create-home --shell /usr/sbin/nologin nginx
COPY --chmod=755 nginx-entry-point /docker-entrypoint.sh
COPY --chmod=755 nginx-templates /docker-entrypoint.d/20-envsubst-on-templates.sh
ENTRYPOINT ["/docker-entrypoint.sh"]
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
