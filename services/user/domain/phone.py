"""Mobile numbers that a code can be sent to: Hong Kong and mainland China."""

import unicodedata

import phonenumbers

from shared.kit.errors import Invalid

LENGTH_MAX = 32
HOME = ("HK", "CN")  # A number without a country's prefix is looked for in this order.

# The library reads a number out of any sentence; a person who logs in writes nothing else.
_SYMBOLS = frozenset("0123456789+-() ")


class PhoneInvalid(Invalid):
    """This is not a mobile number of Hong Kong or mainland China."""


def e164(text: str) -> str:
    """The number as carriers write it: ``+85261234567``. Raises PhoneInvalid."""
    written = unicodedata.normalize("NFKC", text)
    for region in HOME if _SYMBOLS.issuperset(written) else ():
        number = _number(written, region)
        if number is not None and _is_home_mobile(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise PhoneInvalid(field="phone", reason="8 digits of Hong Kong or 11 of mainland China")


def _number(written: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None


def _is_home_mobile(number: phonenumbers.PhoneNumber) -> bool:
    """Whether it lies in a range that the two regulators have given to mobile carriers."""
    mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    return mobile and phonenumbers.region_code_for_number(number) in HOME
