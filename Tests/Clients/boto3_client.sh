#!/bin/sh
# Runs boto3_client.py against a built `apus`: boto3_client.sh APUS MODEL…
# The client is installed once, into a virtual environment under .build.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
environment="$folder/../../.build/clients"
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -c 'import boto3' 2>/dev/null ||
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check boto3
apus=$1
shift
for model in "$@"; do
  "$environment/bin/python" "$folder/boto3_client.py" "$apus" "$model"
done
