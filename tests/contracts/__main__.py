"""``python -m tests.contracts`` writes the golden files anew; read the diff before you keep it."""

import importlib
import json
from pathlib import Path

from shared.kit.errors import Problem, Refused
from shared.kit.events import EVENTS
from shared.kit.inbox import handlers_of
from tests.conventions.tree import SERVICES, sources

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


def main() -> None:
    """Event schemas, problem codes and handlers, as the code has them now."""
    for source in sources("services", "shared", "gateway"):
        if source.stem != "__main__" and "migrations" not in source.parts:
            importlib.import_module(source.module)
    folder = HERE / "events"
    for old in folder.glob("*.json"):
        old.unlink()
    for type, event in EVENTS.items():
        if event.publisher() in SERVICES:
            text = json.dumps(event.model_json_schema(), indent=1, ensure_ascii=False)
            (folder / f"{type}.json").write_text(text + "\n")
    kinds = _all_problems(Problem) - {Problem, Refused}
    lines = {f"{kind.code()} {kind.status} {kind.title()}" for kind in kinds}
    (HERE / "problems.txt").write_text("\n".join(sorted(lines)) + "\n")
    (HERE / "handlers.txt").write_text("\n".join(sorted(handlers())) + "\n")


if __name__ == "__main__":
    main()
