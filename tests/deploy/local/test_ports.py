"""Ports: the usual ones, the same ones again, or free ones and a sentence about it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import ports


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port somebody listens on, which is the gateway's usual one for the while."""
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        monkeypatch.setitem(ports.USUAL, "gateway", port)
        yield port


def test_a_busy_port_is_moved_and_said(taken: int, tmp_path: Path) -> None:
    chosen, moved = ports.choose(["gateway"], "fixed", tmp_path / "ports.json")
    assert chosen["gateway"] != taken
    assert moved == [f"Port {taken} is taken: gateway moves to {chosen['gateway']}."]


def test_free_ports_differ_and_are_the_same_the_next_time(tmp_path: Path) -> None:
    first, _ = ports.choose(ports.USUAL, "free", tmp_path / "ports.json")
    second, moved = ports.choose(ports.USUAL, "free", tmp_path / "ports.json")
    assert len(set(first.values())) == len(ports.USUAL)
    assert second == first
    assert moved == []


def test_the_usual_port_is_taken_back_once_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "ports.json"
    moved_to, _ = ports.choose(["kafka"], "free", memory)
    usual = ports.any_free(moved_to.values())
    monkeypatch.setitem(ports.USUAL, "kafka", usual)
    assert ports.choose(["kafka"], "fixed", memory) == ({"kafka": usual}, [])
