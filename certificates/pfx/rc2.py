"""RC2 (RFC 2268) with any effective key length: old exports protect certificates by 40 bits of it, which no library here offers. [pure]"""

from __future__ import annotations

_PI = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba217"
    "9a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
_MASK = 0xFFFF
_ROTATIONS = (1, 2, 3, 5)
BLOCK = 8


def decrypt_cbc(key: bytes, vector: bytes, ciphertext: bytes, *, effective_bits: int) -> bytes:
    """Return the plain octets, padding included. *ciphertext* is whole blocks."""
    words = _expanded(key, effective_bits)
    plain = bytearray()
    for start in range(0, len(ciphertext), BLOCK):
        block = ciphertext[start : start + BLOCK]
        plain += bytes(one ^ other for one, other in zip(_decrypted(words, block), vector, strict=True))
        vector = block
    return bytes(plain)


def _expanded(key: bytes, effective_bits: int) -> list[int]:
    """Return the 64 words of the key: RFC 2268, section 2."""
    table = bytearray(key)
    while len(table) < 128:  # noqa: PLR2004 - octets of the expanded key
        table.append(_PI[(table[-1] + table[len(table) - len(key)]) & 0xFF])
    size = (effective_bits + 7) // 8
    table[128 - size] = _PI[table[128 - size] & 0xFF >> (8 * size - effective_bits)]
    for place in range(127 - size, -1, -1):
        table[place] = _PI[table[place + 1] ^ table[place + size]]
    return [int.from_bytes(table[place : place + 2], "little") for place in range(0, 128, 2)]


def _decrypted(words: list[int], block: bytes) -> bytes:
    """Return one block: RFC 2268, section 4."""
    parts = [int.from_bytes(block[place : place + 2], "little") for place in range(0, BLOCK, 2)]
    for turn in range(15, -1, -1):
        for place in range(3, -1, -1):
            turned = (parts[place] >> _ROTATIONS[place] | parts[place] << 16 - _ROTATIONS[place]) & _MASK
            last, second, third = parts[place - 1], parts[place - 2], parts[place - 3]
            parts[place] = (turned - words[4 * turn + place] - (last & second) - (~last & third)) & _MASK
        if turn in {5, 11}:
            for place in range(3, -1, -1):
                parts[place] = (parts[place] - words[parts[place - 1] & 63]) & _MASK
    return b"".join(part.to_bytes(2, "little") for part in parts)
