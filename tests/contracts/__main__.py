"""``python -m tests.contracts`` writes the golden files anew; read the diff before you keep it."""

import importlib
import json
from pathlib import Path

from shared.kit.errors import Problem, Refused
from shared.kit.events import EVENTS
from shared.kit.inbox import handlers_of
from tests.contracts.shapes import shape_of
from tests.conventions.tree import SERVICES, routes, sources

HERE = Path(__file__).parent


def _all_problems(kind: type[Problem]) -> set[type[Problem]]:
    return {kind}.union(*(_all_problems(inner) for inner in kind.__subclasses__()))


def handlers() -> set[str]:
    """Service, event and handler, of all that are registered."""
    return {
        f"{service} {type} {handler.name.partition('@')[0]}"
        for service in SERVICES
        for type, several in handlers_of(service).items()
        for handler in several
    }


def _write(file: Path, golden: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")


def main() -> None:
    """Event schemas, routes, problem codes and handlers, as the code has them now."""
    for source in sources("services", "shared", "gateway"):
        if source.stem != "__main__" and "migrations" not in source.parts:
            importlib.import_module(source.module)
    folder = HERE / "events"
    for old in folder.glob("*.json"):
        old.unlink()
    for type, event in EVENTS.items():
        if event.publisher() in SERVICES:
            _write(folder / f"{type}.json", event.model_json_schema())
    for service in SERVICES:
        _write(HERE / "openapi" / f"{service}.json", shape_of(service, routes(service)))
    kinds = _all_problems(Problem) - {Problem, Refused}
    lines = {f"{kind.code()} {kind.status} {kind.title()}" for kind in kinds}
    (HERE / "problems.txt").write_text("\n".join(sorted(lines)) + "\n")
    (HERE / "handlers.txt").write_text("\n".join(sorted(handlers())) + "\n")


if __name__ == "__main__":
    main()
