#!/bin/sh
# Runs anthropic_client.py against a built `apus`: anthropic_client.sh APUS MODEL…
# The client is installed once, into a virtual environment under .build.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
environment="$folder/../../.build/clients"
if [ ! -x "$environment/bin/python" ] || ! "$environment/bin/python" -c 'import anthropic' 2>/dev/null; then
  python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check anthropic
fi
apus=$1
shift
for model in "$@"; do
  "$environment/bin/python" "$folder/anthropic_client.py" "$apus" "$model"
done
