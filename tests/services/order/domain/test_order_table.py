"""The table that people read."""

from pathlib import Path

from services.order import app
from services.order.domain.order_table import as_markdown


def test_the_readme_holds_the_table_as_the_code_prints_it() -> None:
    readme = (Path(app.__file__).parent / "README.md").read_text()
    assert as_markdown() in readme
