"""What the database says when it cannot be used, in the words of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from sightglass.errors import AccessUnavailableError, HistoryUnavailableError


@contextmanager
def reachable() -> Iterator[None]:
    """Turns what goes wrong in the database into `AccessUnavailableError`.

    `IntegrityError` passes: it is about the value, not about the database.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (SQLAlchemyError, HistoryUnavailableError) as error:
        raise AccessUnavailableError from error
