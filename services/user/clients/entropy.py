"""Secrets from the operating system."""

import secrets

from services.user.domain.login_code import DIGITS

REFRESH_TOKEN_BYTES = 32


class SystemEntropy:
    """The Entropy port, by the system's own source."""

    def login_code(self) -> str:
        """Digits nobody can guess, leading zeros included."""
        return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"

    def refresh_token(self) -> str:
        """256 random bits as text."""
        return secrets.token_urlsafe(REFRESH_TOKEN_BYTES)
