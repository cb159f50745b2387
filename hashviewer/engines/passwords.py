"""Where a server's password comes from. It is handed to the client and kept, shown and written nowhere."""

import os

from hashviewer.engines.address import Address

VARIABLE = "HASHVIEWER_ENGINE_PASSWORD"
SERVICE = "hashviewer"  # the name under which the keyring holds it, for user@host:port


def password_for(address: Address) -> str:
    """The password for a server: from the environment, else from the keyring where one is installed, else ""."""
    if address.kind == "chdb":
        return ""
    given = os.environ.get(VARIABLE)
    return given if given is not None else _kept(address)


def _kept(address: Address) -> str:
    try:
        import keyring
    except ImportError:
        return ""
    try:
        return keyring.get_password(SERVICE, address.server) or ""
    except keyring.errors.KeyringError:  # locked, or there is none on this machine
        return ""
