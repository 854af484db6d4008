#!/bin/sh
# Makes a database and its owner for the platform and for MLflow, and a user who may only look at
# the server's statistics. The entry point of the official PostgreSQL image runs it once.
set -eu

: "${SIGHTGLASS_DB_PASSWORD:?}" "${MLFLOW_DB_PASSWORD:?}" "${MONITOR_DB_PASSWORD:?}"

# The passwords are read by psql itself, so that no list of processes shows them.
psql -v ON_ERROR_STOP=1 --no-password --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv sightglass_password SIGHTGLASS_DB_PASSWORD
\getenv mlflow_password MLFLOW_DB_PASSWORD
\getenv monitor_password MONITOR_DB_PASSWORD

CREATE ROLE sightglass LOGIN PASSWORD :'sightglass_password';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE ROLE monitor LOGIN PASSWORD :'monitor_password';
GRANT pg_monitor TO monitor;

CREATE DATABASE sightglass OWNER sightglass;
CREATE DATABASE mlflow OWNER mlflow;
-- Neither looks into the other one's.
REVOKE CONNECT ON DATABASE sightglass FROM PUBLIC;
REVOKE CONNECT ON DATABASE mlflow FROM PUBLIC;
GRANT CONNECT ON DATABASE sightglass, mlflow TO monitor;
SQL
