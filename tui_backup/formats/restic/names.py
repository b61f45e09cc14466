r"""File names as restic writes them: quoted like Go's `strconv.Quote`, without the quotes.

Source: restic's tree format. Printable UTF-8 stays; `"` and `\` and control bytes are escaped, bytes that are not
UTF-8 become `\xNN`, characters that are not printable `\uNNNN` or `\UNNNNNNNN`.
"""

import re

_TO_LETTER = {0x07: "\\a", 0x08: "\\b", 0x0C: "\\f", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x0B: "\\v", 0x22: '\\"'}
_FROM_LETTER = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34, "'": 39}
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.|$))", re.DOTALL
)


def quote(name: bytes) -> str:
    """Return the text that stands for a raw file name."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text and '"' not in text:
        return text
    return "".join(map(_quote_character, text))


def _quote_character(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if code in _TO_LETTER:
        return _TO_LETTER[code]
    if character.isprintable():
        return character
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquote(text: str) -> bytes:
    """Return the raw file name; control characters and others that should have been escaped are accepted.

    Raises:
        ValueError: an escape is none that Go knows.
    """
    if "\\" not in text:
        return text.encode()
    pieces: list[bytes] = []
    at = 0
    for match in _ESCAPE.finditer(text):
        pieces.append(text[at : match.start()].encode())
        pieces.append(_unquote_escape(match))
        at = match.end()
    pieces.append(text[at:].encode())
    return b"".join(pieces)


def _unquote_escape(match: re.Match[str]) -> bytes:
    letter, byte, short, long, octal, _other = match.groups()
    if letter:
        return bytes([_FROM_LETTER[letter]])
    if byte:
        return bytes([int(byte, 16)])
    if octal and int(octal, 8) < 256:
        return bytes([int(octal, 8)])
    if short or long:
        code = int(short or long, 16)
        if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            return chr(code).encode()
    raise ValueError(f"unknown escape {match.group()!r}")
