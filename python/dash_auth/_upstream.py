"""The distribution `dash-auth`, which owns a folder of the same name as this one."""

from __future__ import annotations

import logging
from importlib import metadata

logger = logging.getLogger("dash_auth")


def warn_if_installed() -> None:
    """Warn that the next installation or removal of dash-auth would undo this one."""
    try:
        version = metadata.version("dash-auth")
    except metadata.PackageNotFoundError:
        return
    logger.warning(
        "dash-auth %s is installed beside dash-auth-rs, in the same folder: updating or removing "
        "it breaks this one. Uninstall both, then install dash-auth-rs.",
        version,
    )
