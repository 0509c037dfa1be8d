"""Log lines as another process reads them: JSON on stdout, personal details masked."""

import json
import subprocess
import sys
from typing import Any

PREAMBLE = """
import logging
from uuid import UUID
from shared.kit import log
log.configure("depot", "info")
logger = log.get_logger("depot.tools")
"""


def lines_of(program: str) -> list[dict[str, Any]]:
    """What the program logs, each line parsed."""
    ran = subprocess.run(
        [sys.executable, "-c", PREAMBLE + program], capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_a_line_is_one_json_object_with_service_instant_and_context() -> None:
    [line] = lines_of(
        'log.request_id.set("r1")\n'
        'log.traceparent.set("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")\n'
        'logger.info("tool.lent", tool_id=UUID(int=7), days=3)'
    )
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "tool.lent",
        "level": "info",
        "source": "depot.tools",
        "service": "depot",
        "request_id": "r1",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "tool_id": "00000000-0000-0000-0000-000000000007",
        "days": 3,
    }


def test_every_text_in_a_line_is_masked_wherever_it_hides() -> None:
    [line] = lines_of(
        "class Odd:\n    def __repr__(self): return 'Odd(61234567)'\n"
        "logger.info('tool.lent', a='61234567', b=['x', {'61234567': ('61234567',)}], c=Odd(),\n"
        "            d=b'61234567')"
    )
    assert "61234567" not in json.dumps(line)
    assert line["b"] == ["x", {"6*** **67": ["6*** **67"]}]


def test_an_exception_is_told_with_its_traceback_masked() -> None:
    [line] = lines_of(
        "try:\n    raise ValueError('phone 61234567')\n"
        "except ValueError:\n    logger.exception('tool.broken')"
    )
    assert line["level"] == "error"
    assert "ValueError: phone 6*** **67" in line["exception"]


def test_libraries_speak_through_the_same_renderer_and_access_logs_are_off() -> None:
    [line] = lines_of(
        "logging.getLogger('uvicorn.access').warning('GET /x')\n"
        "logging.getLogger('aiokafka.conn').info('chatter')\n"
        "logging.getLogger('uvicorn.error').warning('call %s', '61234567')"
    )
    assert line["event"] == "uvicorn.error"
    assert line["message"] == "call 6*** **67"
    assert line["level"] == "warning"
    assert line["service"] == "depot"


def test_a_library_fault_carries_its_traceback_once() -> None:
    [line] = lines_of(
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.getLogger('x').exception('fault')"
    )
    assert "ZeroDivisionError" in line["exception"]


def test_nothing_that_can_be_logged_makes_the_logger_raise() -> None:
    lines = lines_of(
        "loop = []\nloop.append(loop)\n"
        "for odd in (chr(0xD800), 2**70, float('nan'), loop, {1: object}):\n"
        "    logger.info('odd.value', odd=odd)"
    )
    assert len(lines) == 5


def test_lines_below_the_level_are_not_written() -> None:
    assert lines_of("logger.debug('too.fine')") == []
