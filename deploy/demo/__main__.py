"""``STAFF_TOKEN=... python -m deploy.demo --url http://127.0.0.1:8000``: load the demo data."""

import argparse
import asyncio
import os
import sys

from deploy.demo.load import NotLoaded, load


def main() -> int:
    """Load the data through the gateway, and say how many things were put and changed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("--url", required=True, help="the gateway's address")
    parser.add_argument("--only", default="", help="one service's part, e.g. order")
    asked = parser.parse_args()
    token = os.environ.get("STAFF_TOKEN", "")
    if not token:
        print("STAFF_TOKEN is empty: `make token role=staff` prints one", file=sys.stderr)
        return 2
    try:
        loaded = asyncio.run(load(f"{asked.url}/api/v1", token, asked.only))
    except NotLoaded as fault:
        print(fault, file=sys.stderr)
        return 1
    print(f"{loaded.put} things put, {loaded.changed} of them new or changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
