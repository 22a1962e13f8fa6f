"""Click's texts in Spanish, from the catalogue in ``locale``."""

import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "click"
LANGUAGE = "es"


@contextmanager
def in_spanish() -> Iterator[None]:
    """Translate click's texts within the context, whatever the language of the environment.

    Click calls ``gettext``, which chooses the catalogue by the variable ``LANGUAGE``.
    """
    domain, language = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, LOCALE)
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = LANGUAGE
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if language is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = language
