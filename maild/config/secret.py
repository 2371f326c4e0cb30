"""Secrets that a config names: a file, or a systemd credential."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maild.config.model import Secret, credential_path
from maild.config.reading import Place, good


def secret(values: Mapping[str, Any], name: str, place: Place) -> Secret | None:
    """The secret named by ``<name>_file`` or ``<name>_credential``; both at once are a fault."""
    file, loaded = values.get(f"{name}_file"), values.get(f"{name}_credential")
    if file is not None and loaded is not None:
        place.at(f"{name}_credential").fault(f"stands beside {name}_file: give one of them")
        return None
    if loaded is not None and good(loaded):
        found = credential(loaded, place.at(f"{name}_credential"))
        return Secret(f"{place.path}.{name}_credential", found)
    if file is not None and good(file):
        return Secret(f"{place.path}.{name}_file", file)
    return None


def credential(name: str, place: Place) -> Path:
    """Where the credential lies; a fault where the service was not given it."""
    found = credential_path(name)
    if place.notes.require_files and not found.is_file():
        if place.notes.in_service:
            place.fault("names a systemd credential that the unit does not load: add LoadCredential=", name)
        else:
            place.warn("a systemd credential can only be looked at in the service itself")
    return found
