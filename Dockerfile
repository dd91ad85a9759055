# The executor with every connector, as an unprivileged user. Build the wheels first: make image.
#
#   docker build --tag aqueducts-executor .
#   docker run --read-only --tmpfs /tmp -p 3031:3031 -e AQUEDUCTS_API_KEY=... \
#       -v "$PWD/data:/data" -v aqueducts-state:/state aqueducts-executor

ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# Which connectors; everything is installed from wheels, checked against the hashes of the pins.
ARG EXTRAS=all
# Not empty: nothing is fetched, all wheels are in dist/.
ARG OFFLINE=
COPY requirements/ /build/requirements/
COPY dist/ /build/dist/
WORKDIR /build
RUN python3 -m venv /build/tools \
    && /build/tools/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --find-links dist ${OFFLINE:+--no-index} -r requirements/bootstrap.txt \
    && python3 -m venv --without-pip /opt/aqueducts \
    && /build/tools/bin/uv pip install --no-cache --python /opt/aqueducts/bin/python \
        --constraint requirements/constraints.txt --find-links dist ${OFFLINE:+--no-index} \
        --compile-bytecode "aqueducts-executor[${EXTRAS}]"

FROM ${BASE}
# Debian keeps one version of each per release, with fixes for security only.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libsqliteodbc odbc-postgresql unixodbc \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 aqueducts \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /state aqueducts \
    && install --directory --owner 10001 --group 10001 --mode 0700 /state /data
COPY --from=build /opt/aqueducts /opt/aqueducts
COPY deploy/docker/healthcheck.py /opt/aqueducts/healthcheck.py
ENV PATH=/opt/aqueducts/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AQUEDUCTS_DATA_ROOT=/data \
    AQUEDUCTS_STATE_DIR=/state
USER 10001:10001
WORKDIR /data
VOLUME ["/data", "/state"]
EXPOSE 3031
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "/opt/aqueducts/healthcheck.py"]
ENTRYPOINT ["aqueducts-executor"]
