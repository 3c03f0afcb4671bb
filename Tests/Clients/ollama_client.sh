#!/bin/sh
# Runs ollama_client.py against a built `apus`: ollama_client.sh APUS MODEL…
# The client is installed once, into a virtual environment under .build.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
environment="$folder/../../.build/clients-ollama"
if [ ! -x "$environment/bin/python" ] || ! "$environment/bin/python" -c 'import ollama' 2>/dev/null; then
  python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check ollama
fi
apus=$1
shift
for model in "$@"; do
  "$environment/bin/python" "$folder/ollama_client.py" "$apus" "$model"
done
