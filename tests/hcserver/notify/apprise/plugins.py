"""Apprise's plugins, loaded once: on some versions of Python that alone gives warnings."""

from __future__ import annotations

import warnings

from apprise import Apprise, NotifyBase

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    Apprise.instantiate("ntfy://localhost/loads-all-plugins")


def plugin(url: str) -> NotifyBase | None:
    """What Apprise makes of the URL."""
    found = Apprise.instantiate(url)
    assert found is None or isinstance(found, NotifyBase)
    return found
