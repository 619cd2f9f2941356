"""Reads the large pictures that a message only points to (claim checks)."""

from __future__ import annotations

from collections.abc import Sequence

import fsspec

from connectors.kafka.frame_messages import ClaimError

_SHOWN = 200


class ClaimReader:
    """Reads claim checks through fsspec, from allowed places and of bounded size.

    A message could otherwise make a worker read any file that it may read.

    Args:
        under: addresses that a claim may begin with; none allows no claim.
        largest: bytes; a larger picture is refused.
    """

    def __init__(self, under: Sequence[str], largest: int) -> None:
        self._under = tuple(each.rstrip("/") + "/" for each in under)
        self._largest = largest

    def __call__(self, address: str) -> bytes:
        """Give the bytes at an address.

        Raises:
            ClaimError: it is not allowed, not there, or too large.
        """
        if not address.startswith(self._under) or ".." in address.split("/"):
            message = f"{address[:_SHOWN]!r} is not under an address of claims_under"
            raise ClaimError(message)
        try:
            with fsspec.open(address, "rb") as file:
                content = bytes(file.read(self._largest + 1))
        except (OSError, ValueError, ImportError) as error:
            message = f"{address[:_SHOWN]!r} cannot be read: {error}"
            raise ClaimError(message) from error
        if len(content) > self._largest:
            message = f"{address[:_SHOWN]!r} is larger than {self._largest} bytes"
            raise ClaimError(message)
        return content
