#!/bin/sh
# Finds a Python that can run the fleet and hands over to deploy/local/setup.py.
# Usage: deploy/setup.sh run|dev
set -eu
cd "$(dirname "$0")/.."

for tool in git make; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "Missing: $tool. Install it with your system's package manager." >&2
        exit 1
    fi
done

# Found is not enough: a version manager leaves names behind that only print a message.
for python in ${PYTHON:-} python3.12 python3.13 python3.11 python3; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1; then
        exec "$python" -I deploy/local/setup.py "$@"
    fi
done
echo "Missing: Python 3.11, 3.12 or 3.13 (with venv). Set PYTHON=/path/to/python3 if it is elsewhere." >&2
exit 1
