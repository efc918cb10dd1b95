"""Certificates for tests: an authority made for the occasion, for the server and for clients."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Files:
    """PEM files."""

    ca: Path
    server: tuple[Path, Path]
    """Certificate and key."""
    client: tuple[Path, Path]

    def of_server(self, clients_too=True):
        """The options of a switch."""
        options = ["--tls-cert", str(self.server[0]), "--tls-key", str(self.server[1])]
        return [*options, "--tls-client-ca", str(self.ca)] if clients_too else options

    def of_client(self):
        """What clients are given: authority, certificate and key."""
        return [str(self.ca), *map(str, self.client)]


def authority(folder):
    """Make all that is needed in a folder."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    return Files(
        folder / "ca.pem",
        _issue(ca, folder, "server", "127.0.0.1", "localhost"),
        _issue(ca, folder, "client", "controller"),
    )


def _issue(ca, folder, name, *identities):
    issued = ca.issue_cert(*identities)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return certificate, key
