"""Keys are made once, are the user's alone, and only public halves are handed to others."""

import base64
import json
import subprocess
import sys
from pathlib import Path

from joserfc.jwk import KeySet

from deploy.local import secrets


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    secrets.make(tmp_path / "keys")
    before = _files(tmp_path / "keys")
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.secrets", str(tmp_path / "keys")], check=False
    )
    assert done.returncode == 0
    assert _files(tmp_path / "keys") == before


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    secrets.make(tmp_path / "keys")
    assert {p.stat().st_mode & 0o077 for p in (tmp_path / "keys").rglob("*")} == {0}


def test_each_service_has_a_key_and_its_public_half_alone_is_shared(tmp_path: Path) -> None:
    them = secrets.make(tmp_path)
    published = {file.name for file in them.service_keys.iterdir()}
    assert published == {f"{service}.jwks.json" for service in secrets.SERVICES}
    for service in secrets.SERVICES:
        private = json.loads(them.signing_key(service).read_text())
        shared = json.loads((them.service_keys / f"{service}.jwks.json").read_text())
        assert private["d"]
        assert private["alg"] == "ES256"
        assert shared == {"keys": [{k: v for k, v in private.items() if k != "d"}]}
        assert KeySet.import_key_set(shared).keys[0].kid == f"{service}-1"


def test_the_other_keys_have_the_form_the_services_read(tmp_path: Path) -> None:
    them = secrets.make(tmp_path)
    kek = json.loads(them.kek.read_text())
    for text in (kek["keys"][kek["current"]], them.index_key.read_text(), them.otp_key.read_text()):
        assert len(base64.b64decode(text, validate=True)) == 32
    assert "d" in json.loads(them.user_token_keys.read_text())["keys"][0]
