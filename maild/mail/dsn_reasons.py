"""Why a mail came back: our reason codes, and how they are read from status codes and from what servers say.

The phrases (dsn_phrases) are looked for in lower case with white space folded; no patterns, so the time is linear
whatever is written (M6). Sources: RFC 3463 and the IANA registry of enhanced status codes, the sources of the mail
servers, what carriers and large hosts answer, Sisimai's tables (BSD licence).
"""

from __future__ import annotations

from maild.mail.dsn_phrases import PHRASES

# Reason -> (status that says the same, what it means). The order of the keys is the order in documents.
REASONS: dict[str, tuple[str, str]] = {
    "user_unknown": ("5.1.1", "no such mailbox at that host"),
    "carrier_filter": ("5.7.1", "the receive settings of a phone carrier refuse us"),
    "filtered": ("5.7.1", "the recipient's own settings refuse us"),
    "mailbox_full": ("5.2.2", "the mailbox, or the host's storage, is full"),
    "suspended": ("5.2.1", "the mailbox exists but is disabled, locked or inactive"),
    "moved": ("5.1.6", "the mailbox has moved, without forwarding"),
    "host_unknown": ("5.1.2", "no such domain, or a domain that takes no mail"),
    "message_too_big": ("5.3.4", "the mail is larger than allowed"),
    "spam": ("5.7.1", "taken for spam, or for malware"),
    "blocked": ("5.7.1", "our address, host or network is on a block list or lacks reverse DNS"),
    "auth_failure": ("5.7.26", "SPF, DKIM or DMARC of our domain failed there, or a log-in is asked for"),
    "policy": ("5.7.1", "a rule of the receiving organisation, or of a mailing list"),
    "sender_rejected": ("5.1.8", "our sender address or domain is refused"),
    "relay_denied": ("5.7.1", "that host does not take mail for the domain"),
    "rate_limited": ("4.7.1", "too many mails or connections in too short a time"),
    "content": ("5.6.0", "the form of the mail is refused"),
    "expired": ("4.4.7", "tried for days in vain"),
    "network": ("4.4.1", "no connection, no route, no answer from DNS, or a mail loop"),
    "system_error": ("5.3.0", "an error inside a mail server"),
    "undefined": ("", "nothing said, or nothing that we understand"),
}

# Enhanced status code (RFC 3463) without its class -> reason, for servers that say nothing that we understand.
_STATUS: dict[str, str] = {
    "1.0": "user_unknown",
    "1.1": "user_unknown",
    "1.2": "host_unknown",
    "1.3": "user_unknown",
    "1.4": "user_unknown",
    "1.6": "moved",
    "1.7": "sender_rejected",
    "1.8": "sender_rejected",
    "1.9": "content",
    "1.10": "host_unknown",
    "2.0": "filtered",
    "2.1": "suspended",
    "2.2": "mailbox_full",
    "2.3": "message_too_big",
    "2.4": "policy",
    "3.0": "system_error",
    "3.1": "mailbox_full",
    "3.2": "system_error",
    "3.3": "content",
    "3.4": "message_too_big",
    "3.5": "system_error",
    "4.0": "network",
    "4.1": "network",
    "4.2": "network",
    "4.3": "network",
    "4.4": "host_unknown",
    "4.5": "rate_limited",
    "4.6": "network",
    "4.7": "expired",
    "5.0": "system_error",
    "5.1": "system_error",
    "5.2": "content",
    "5.3": "rate_limited",
    "5.4": "system_error",
    "5.6": "message_too_big",
    "6.0": "content",
    "6.1": "content",
    "6.2": "content",
    "6.3": "content",
    "7.0": "policy",
    "7.1": "policy",
    "7.2": "policy",
    "7.8": "auth_failure",
    "7.9": "auth_failure",
    "7.13": "suspended",
    "7.20": "auth_failure",
    "7.21": "auth_failure",
    "7.22": "auth_failure",
    "7.23": "auth_failure",
    "7.24": "auth_failure",
    "7.25": "blocked",
    "7.26": "auth_failure",
    "7.27": "sender_rejected",
    "7.28": "rate_limited",
    "7.509": "auth_failure",
    "7.515": "auth_failure",
    "7.606": "blocked",
}
# What a status code says better than any text around it.
_STATUS_FIRST = frozenset({"1.6", "2.2", "3.4", "7.13", "7.25", "7.26", "7.509", "7.515"})
# A bare reply code (RFC 5321 section 4.2.3), the last resort.
_REPLY: dict[str, str] = {
    "421": "network",
    "450": "mailbox_full",
    "451": "system_error",
    "452": "mailbox_full",
    "550": "filtered",
    "551": "relay_denied",
    "552": "mailbox_full",
    "553": "user_unknown",
    "554": "policy",
}

# Labels of the domains of Japanese phone carriers and their sub-brands; "au" only as au.com, it is a country too.
_CARRIER_LABELS = frozenset(
    (
        "docomo", "docomonet", "ezweb", "softbank", "vodafone", "jp-d", "jp-h", "jp-t", "jp-c", "jp-r", "jp-k", "jp-n",
        "jp-s", "jp-q", "ymobile", "ymobile1", "y-mobile", "willcom", "pdx", "emnet", "uqmobile", "rakumail",
    )
)  # fmt: skip
_REFUSALS = frozenset({"filtered", "spam", "policy", "blocked", "sender_rejected", "undefined"})


def is_carrier(host: str) -> bool:
    """Whether ``host`` (a domain or a mail server's name, any case) is a Japanese phone carrier's."""
    labels = host.lower().strip(" .[]").split(".")
    return not _CARRIER_LABELS.isdisjoint(labels) or labels[-2:-1] == ["au"]


def reason_of(said: str, status: str = "", reply: str = "", host: str = "", after_data: bool = False) -> str:
    """The reason code for what a server said of one recipient.

    ``status`` is an enhanced status code, ``reply`` an SMTP reply code, ``host`` the recipient's domain or the server
    that spoke, ``after_data`` whether it refused the mail itself rather than the recipient.
    """
    said = " ".join(said.lower().split())
    detail = status.partition(".")[2]
    if detail in _STATUS_FIRST:
        found = _STATUS[detail]
    else:
        found = phrase_reason(said) or _STATUS.get(detail, "") or _REPLY.get(reply, "undefined")
    if host and is_carrier(host):
        # au says ": User unknown" without an address when its filter refuses us; docomo answers "550 Unknown user" to
        # the mail itself. After RCPT, and with an address at au, the same words mean what they say.
        nameless = "550 : user unknown" in said or "550: : user unknown" in said
        named = ">: user unknown" in said
        if found in _REFUSALS or (found == "user_unknown" and (nameless or (after_data and not named))):
            return "carrier_filter"
    elif found == "carrier_filter":
        return "filtered"
    return found


def phrase_reason(said: str) -> str:
    """The reason whose phrase stands in ``said`` (lower case, one line), or "" where none does."""
    for reason, phrases in PHRASES:
        if any(phrase in said for phrase in phrases):
            return reason
    return ""


def status_of(reason: str, permanent: bool) -> str:
    """The enhanced status code for a reason that was read from words alone; "" for one that says nothing."""
    status = REASONS[reason][0]
    return f"{'5' if permanent else '4'}{status[1:]}" if status else ""
