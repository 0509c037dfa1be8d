"""Key files as the launcher writes them."""

import json
from pathlib import Path

from joserfc.jwk import ECKey

from shared.tokens import SigningKey


def new_key(folder: Path, *kids: str) -> SigningKey:
    """A key file; the first kid signs."""
    made = [ECKey.generate_key("P-256", {"kid": kid}).as_dict(private=True) for kid in kids]
    file = folder / f"{kids[0]}.jwk.json"
    file.write_text(json.dumps(made[0] if len(made) == 1 else {"keys": made}))
    return SigningKey.load(file)
