#!/bin/sh
# Compiles requirements.lock from pyproject.toml, with every checksum. `make lock` calls this.
# PYTHON is the Python that fetches uv if there is none; UPGRADE may be --upgrade.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  if ! [ -x build/uv/bin/uv ]; then
    "${PYTHON:-python3}" -m venv build/uv
    build/uv/bin/python -m pip install --quiet uv
  fi
  uv=build/uv/bin/uv
fi
compile() {
  "$uv" pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --quiet ${UPGRADE:-} "$@"
}
compile --extra gurobi --extra cluster --extra fast --extra proofs --extra book --extra test -o requirements.lock
# What grading needs beside these, in a lock of its own: nobody else installs it.
compile --extra teach --constraints requirements.lock -o build/teach.lock
"${PYTHON:-python3}" tools/lock_rest.py build/teach.lock requirements.lock > requirements-teach.lock
