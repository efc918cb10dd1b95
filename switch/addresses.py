"""Addresses to listen at, as they are given on the command line."""

from __future__ import annotations


class AddressError(Exception):
    """An address that cannot be listened at; the message says which, why and what to do."""

    def __init__(self, service: str, address: str, option: str, cause: object) -> None:
        super().__init__(
            f"cannot serve {service} at {address}: {cause}; choose another address with {option}"
        )


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` (an IPv6 host in brackets); raises ValueError."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{address!r} is not HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)
