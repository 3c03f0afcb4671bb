#!/bin/sh
# Runs openai_client.py and responses_client.py against a built `apus`: openai_client.sh APUS MODEL…
# The client is installed once, into a virtual environment under .build.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
environment="$folder/../../.build/clients"
if [ ! -x "$environment/bin/python" ] || ! "$environment/bin/python" -c 'import openai' 2>/dev/null; then
  python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check openai
fi
apus=$1
shift
for model in "$@"; do
  "$environment/bin/python" "$folder/openai_client.py" "$apus" "$model"
  "$environment/bin/python" "$folder/responses_client.py" "$apus" "$model"
done
