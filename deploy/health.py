"""Asks the process of this container whether it serves: the image's health check.

``HEALTH_URL`` says where; compose gives it to each container.
"""

import os
import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 2


def main() -> int:
    """0 when it is ready, 1 when not."""
    url = os.environ.get("HEALTH_URL", "")
    if not url.startswith("http://"):
        print("HEALTH_URL names no address")
        return 1
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, TimeoutError) as lost:
        print(f"{url}: {lost}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
