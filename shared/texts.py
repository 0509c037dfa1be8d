"""What people write into forms, as columns and messages can keep it."""

from typing import Annotated

from pydantic import StringConstraints

PRINTABLE = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"  # No control characters but tab and new line.
Printable = Annotated[str, StringConstraints(pattern=PRINTABLE)]
