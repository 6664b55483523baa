"""A fast parser for multipart bodies and headers: a batch holds a thousand of each.

The parser of the standard library follows the full grammar of mail, and takes longer than the call itself.
Source: RFC 2046 section 5.1, RFC 5322 section 2.2.
"""

from __future__ import annotations

from email.parser import HeaderParser


def multipart(content_type: str) -> tuple[str, bytes]:
    """The media type and the boundary of a Content-Type header; the boundary is empty when there is none.

    >>> multipart('multipart/mixed; boundary="batch_7"')
    ('multipart/mixed', b'batch_7')
    """
    message = HeaderParser().parsestr(f"Content-Type: {' '.join(content_type.split())}\n\n")
    return message.get_content_type(), str(message.get_boundary("")).encode(errors="replace")


def pieces(raw: bytes, boundary: bytes) -> list[bytes]:
    """The parts between the delimiters. Drops a last part that has no closing delimiter.

    >>> pieces(b"--x\\r\\n\\r\\none\\r\\n--x\\r\\n\\r\\ntwo\\r\\n--x--", b"x")
    [b'\\r\\none', b'\\r\\ntwo']
    """
    mark = b"\n--" + boundary
    found: list[bytes] = []
    for piece in (b"\n" + raw).split(mark)[1:]:
        rest, _, content = piece.partition(b"\n")
        if not rest.strip(b" \t\r"):
            found.append(content)
        elif rest.startswith(b"--"):
            return [part.removesuffix(b"\r") for part in found]
        elif found:  # the line only begins like a delimiter
            found[-1] += mark + piece
    return [part.removesuffix(b"\r") for part in found[:-1]]


def split_head(raw: bytes) -> tuple[bytes, bytes]:
    """The header block and the body of a message, separated by its first blank line."""
    if raw.startswith((b"\n", b"\r\n")):
        return b"", raw.partition(b"\n")[2]
    end, blank = raw.find(b"\n\r\n"), b"\n\r\n"
    bare = raw.find(b"\n\n", 0, end + 1) if end >= 0 else raw.find(b"\n\n")
    if bare >= 0:
        end, blank = bare, b"\n\n"
    return (raw[:end].removesuffix(b"\r"), raw[end + len(blank) :]) if end >= 0 else (raw, b"")


def fields(head: bytes) -> dict[str, str]:
    """The header fields, by lower-case name; the last one wins when a name repeats.

    Joins folded lines. As in mail, the first line that is not a field ends the header. Non-ASCII characters become
    U+FFFD.

    >>> fields(b"Content-ID: <1>\\r\\nX-Long: a\\r\\n  b")
    {'content-id': '<1>', 'x-long': 'a b'}
    """
    found: dict[str, str] = {}
    name = ""
    for line in head.decode("ascii", "replace").split("\n"):
        if line.startswith((" ", "\t")):
            if name:
                found[name] = f"{found[name]} {' '.join(line.split())}".strip()
            continue
        name, colon, value = line.partition(":")
        if not colon or (name and not (name.isascii() and name.isprintable() and " " not in name)):
            break
        name = name.lower()
        if name:
            found[name] = " ".join(value.split())
    return found
