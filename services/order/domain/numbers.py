"""The number of an order that people read out: short, without look-alikes, with a check letter.

Numbers come from a sequence, scrambled so that they do not tell how many orders there are. The
scrambling is one-to-one, so no two orders ever share a number.
"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U.
_HALF_BITS, _HALF = 17, (1 << 17) - 1
_ROUNDS = (0x2C9F, 0x6B21, 0x1D47, 0x53E5)
SEQUENCE_MAX = (1 << 34) - 1
_PREFIX = "JA-"


def number_of(sequence: int) -> str:
    """The number of the n-th order: ``JA-7K3M-92Q4``, its last letter checking the others."""
    if not 0 <= sequence <= SEQUENCE_MAX:
        raise ValueError(f"{sequence} has no number")
    scrambled = _scramble(sequence)
    letters = "".join(ALPHABET[scrambled >> (5 * place) & 31] for place in range(6, -1, -1))
    letters += ALPHABET[_check(letters)]
    return f"{_PREFIX}{letters[:4]}-{letters[4:]}"


def is_number(text: str) -> bool:
    """Whether a number was read out without a slip."""
    letters = text.upper().removeprefix(_PREFIX).replace("-", "")
    if len(letters) != 8 or any(letter not in ALPHABET for letter in letters):
        return False
    return ALPHABET[_check(letters[:-1])] == letters[-1]


def _scramble(value: int) -> int:
    """A four-round Feistel network over 34 bits: one-to-one, and neighbours look unrelated."""
    left, right = value >> _HALF_BITS, value & _HALF
    for key in _ROUNDS:
        mixed = (right * 0x5BD1 + key) & 0x3FFFFFFFF
        left, right = right, left ^ ((mixed ^ mixed >> 15) & _HALF)
    return left << _HALF_BITS | right


def _check(letters: str) -> int:
    """Luhn's digit over 32 letters: any one wrong letter and most swaps are noticed."""
    total = 0
    for place, letter in enumerate(reversed(letters)):
        value = ALPHABET.index(letter)
        doubled = 2 * value if place % 2 == 0 else value
        total += doubled // 32 + doubled % 32
    return -total % 32
