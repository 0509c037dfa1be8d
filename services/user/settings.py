"""Settings of the user service: every field with its unit and its reason."""

import base64
from pathlib import Path
from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from services.user.domain.login_code import CodeRules, Limit
from services.user.domain.session import Lifetimes
from shared.kit.runtime import ServiceSettings, shared

MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Settings(ServiceSettings):
    """Read from variables that start with ``USER_``, and from those all services share."""

    model_config = SettingsConfigDict(env_prefix="USER_", extra="ignore", populate_by_name=True)
    name: ClassVar[str] = "user"
    callers: ClassVar[frozenset[str]] = frozenset({"order"})

    port: int = 8001
    # Private JWK set, the newest key first: the newest that is published long enough signs.
    token_keys_file: Path = shared("USER_TOKEN_KEYS_FILE")  # type: ignore[assignment]
    # 32 bytes in base64; login codes are kept as hashes under them.
    otp_key_file: Path = shared("USER_OTP_KEY_FILE")  # type: ignore[assignment]
    # Folder with sms.json and wechat_app.json, as the portals hand them out.
    credentials_dir: Path = shared("SANDBOX_CREDENTIALS_DIR")  # type: ignore[assignment]
    sms_url: str = shared("SMS_URL")  # type: ignore[assignment]
    wechat_api_url: str = shared("WECHAT_API_URL")  # type: ignore[assignment]

    access_token_seconds: int = 15 * MINUTE  # A stolen one cannot be called back sooner.
    session_idle_seconds: int = 30 * DAY  # Who has not come for a month logs in again.
    session_absolute_seconds: int = 90 * DAY  # Nobody stays in for ever.
    session_staff_seconds: int = 12 * HOUR  # Staff log in each working day.

    code_seconds: int = 10 * MINUTE  # How long a login code may be typed in.
    code_tries_max: int = 5  # Wrong tries a code; a millionth each.
    codes_per_phone_minute_max: int = 1  # SMS cost money, and nobody types faster.
    codes_per_phone_hour_max: int = 5
    codes_per_phone_day_max: int = 10
    codes_per_address_hour_max: int = 20  # Per network address of the asker.
    # False lifts the limit per network address: a bench on one machine has but one address.
    per_address_limits: bool = True

    @property
    def lifetimes(self) -> Lifetimes:
        """How long sessions live."""
        return Lifetimes(
            self.session_idle_seconds, self.session_absolute_seconds, self.session_staff_seconds
        )

    @property
    def code_rules(self) -> CodeRules:
        """How login codes are made, kept and limited."""
        per_phone = [
            Limit(self.codes_per_phone_minute_max, MINUTE),
            Limit(self.codes_per_phone_hour_max, HOUR),
            Limit(self.codes_per_phone_day_max, DAY),
        ]
        per_address = [Limit(self.codes_per_address_hour_max, HOUR)]
        return CodeRules(
            key=base64.b64decode(self.otp_key_file.read_text(), validate=True),
            seconds=self.code_seconds,
            tries_max=self.code_tries_max,
            per_phone=per_phone,
            per_address=per_address if self.per_address_limits else [],
        )
