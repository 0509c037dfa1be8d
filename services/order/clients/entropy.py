"""Randomness that nobody may guess, from the operating system."""

import secrets


class SystemEntropy:
    """Draws from the system's own source."""

    def start_code(self) -> str:
        """Four digits, each code as likely as any other."""
        return f"{secrets.randbelow(10_000):04d}"
