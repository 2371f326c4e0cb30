"""Every error maild raises by itself is temporary, permanent, or an operator's to mend.

What is not one of these is unknown, and unknown means temporary: the mail stays where it is and is tried again.
Messages of these classes hold no personal data (rules S2): they may end in a log.
"""

from __future__ import annotations

EX_USAGE = 2  # an operator's mistake, as the shell knows it
EX_TEMPFAIL = 75  # sysexits.h: an MTA keeps the mail and tries again
EX_CONFIG = 78  # sysexits.h: something is wrong in the configuration


class MaildError(Exception):
    """Base of all errors of maild."""


class Temporary(MaildError):
    """May go away by itself: try again later."""


class Permanent(MaildError):
    """Will not go away by trying again."""


class UserError(MaildError):
    """What an operator can put right. The message says what to do; it is printed without a traceback."""

    exit_code = EX_USAGE


def is_temporary(error: BaseException) -> bool:
    """Whether trying again may help; unknown errors count as temporary."""
    return not isinstance(error, Permanent | UserError)
