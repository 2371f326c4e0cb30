"""Why a mail came back: our reason codes, and how they are read from status codes and from what servers say.

The phrases are looked for in lower case with white space folded; no patterns, so the time is linear whatever is
written (M6). Sources: RFC 3463 and the IANA registry of enhanced status codes, the sources of the mail servers, what
carriers and large hosts answer, Sisimai's tables (BSD licence).
"""

from __future__ import annotations

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

# Looked at in this order: what is said of the person's mailbox before what is said of us, the particular before the
# general ("quota exceeded" names the cause, "giving up" only the end).
_PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("network", ("host not found, try again", "host name lookup failure", "temporary lookup failure")),
    (
        "mailbox_full",
        (
            "mailbox full", "mailbox is full", "mailbox quota", "full mailbox", "inbox is full", "mailfolder is full",
            "over quota", "overquota", "over the quota", "over disk quota", "overdrawn his diskspace", "quota exceed",
            "exceeded quota", "exceeds quota", "quota violation", "quota limit", "disk quota", "disc quota",
            "out of storage", "storage quota", "exceeded storage allocation", "insufficient system storage",
            "not enough storage", "does not have enough space", "over the allowed quota", "mailbox size limit",
            "exceeding their quota", "exceeding its mailbox quota", "exceeds allowed size", "exceeded its disk",
            "mailbox exceeded the local limit", "exceeded the local limit", "space has been used up",
            "too much mail data", "too many messages on the server", "has too many messages", "over storage limit",
            "mail file size exceeds the maximum size allowed for mail delivery", "mailbox would exceed maximum",
            "boite du destinataire pleine", "boîte pleine", "boîte aux lettres est pleine", "postfach voll",
            "postfach ist voll", "buzón lleno", "buzón de entrada está lleno", "casella piena", "caixa postal cheia",
            "ящик переполнен", "почтовый ящик заполнен", "no space left on device", "mail system full",
            "メールボックスがいっぱい", "メールボックスが一杯", "容量を超え", "容量オーバー", "容量が不足",
            "受信箱がいっぱい", "保存容量", "メールボックスの容量", "mbx_full", "overquotatemp",
        ),
    ),
    (
        "suspended",
        (
            "account is disabled", "account has been disabled", "account disabled", "mailbox disabled",
            "mailbox is disabled", "disabled recipient address", "is currently suspended", "has been suspended",
            "user suspended", "account suspended", "account is suspended", "suspended account", "currently suspended",
            "temporarily limited", "account is locked", "temporary locked", "deactivated mailbox", "deactivated",
            "account is inactive", "inactive user", "inactive account", "is inactive", "temporarily inactive",
            "mailbox is frozen", "account that you tried to reach is disabled", "disabled or discontinued",
            "administratively disabled", "administrativley disabled", "extended inactivity", "no longer in use",
            "no longer active", "no longer available", "account closed", "account has been closed", "suspend the",
            "boite du destinataire archivee", "利用停止", "停止されて", "解約", "休止", "unpaid", "user is disabled",
            "mailbox unavailable or access denied", "account expired",
        ),
    ),
    (
        "carrier_filter",
        (
            "指定受信", "ドメイン指定", "受信拒否", "迷惑メールフィルタ", "受信設定", "refuse to receive mail",
            "受信を拒否", "なりすまし規制",
        ),
    ),
    (
        "filtered",
        (
            "recipient preferences", "due to user rules", "user rules", "refused by recipient", "blocked by the recipient",
            "rejected by recipient", "user reject", "recipient is only accepting mail from specific",
            "is only accepting", "not accepting any mail", "isn't on the recipient's list", "account is protected by",
            "resolver.rst.notauthorized", "not authorized to send to the recipient", "restricted sms e-mail",
            "rule imposed mailbox access", "recipient's allow", "delivery not allowed to", "bounced address",
            "recipient is on the suppression", "suppression list", "sender not pre-approved", "sender is in my black",
            "not permitted to send email to this recipient", "undeliverable due to recipient's",
        ),
    ),
    (
        "moved",
        ("has moved", "has been moved", "new address", "user is no longer with", "address has changed", "moved to",
         "has been replaced by", "destination mailbox has moved", "recipient has moved"),
    ),
    (
        "message_too_big",
        (
            "message too big", "message too large", "message size exceeds", "exceeds size limit", "message file too big",
            "exceeded maximum inbound message size", "max message size exceeded", "message length exceeds",
            "size limit exceeded", "mail size limit", "maximum message size", "line limit exceeded", "too large for",
            "taille limite du message", "larger than the current system limit", "exceeds fixed", "message is too large",
            "message exceeds", "exeeded the maximum size", "size limit", "サイズが大き", "サイズの制限", "サイズ制限",
            "resolver.rst.sendsizelimit", "resolver.rst.recipsizelimit", "message header size",
        ),
    ),
    (
        "rate_limited",
        (
            "too many connections", "connection rate limit", "rate limit", "too many smtp sessions",
            "too many concurrent", "maximum connection limit", "per-domain connection limit", "throttl",
            "max emails per hour", "exceeded the max", "too many recipients", "temporarily deferred due to unexpected",
            "unexpected volume", "temporarily rate limited", "receiving mail too quickly", "at a rate that",
            "try again later, too", "trop de connexions", "trop de messages", "unusual rate", "too many errors",
            "too frequent", "frequency limited", "sending rate", "daily message quota", "exceeded the allowable number",
            "already made numerous attempts", "system is overloaded", "load too high", "greylist", "graylist",
        ),
    ),
    (
        "auth_failure",
        (
            "dmarc", "dkim", "spf ", "spf:", "spf_", "-spf", "sender policy framework", "unauthenticated",
            "authentication checks failed", "authentication required", "not authenticated", "requires authentication",
            "smtp authentication", "does not support auth", "auth capability", "must be authenticated", "authentificat",
            "must issue a starttls", "starttls is required", "please turn on smtp auth", "not permitted by spf",
            "senderid", "sender id ", "email address is not verified", "domain is not verified",
        ),
    ),
    (
        "blocked",
        ("spamhaus", "spamcop", "blocked using", "dnsbl", "block list", "blocklist", "black list", "client host",
         "sender blacklisted", "listed at ", "listed by ", "abuseat.org"),
    ),
    (
        "spam",
        (
            "spam", "virus", "malware", "blacklisted url", "junk", "unsolicited", "phish", "considered uce", "bulk mail",
            "potentially executable", "content presents a potential", "infected", "bayes", "迷惑メールと判定", "suspicious",
            "ウイルス", "content rejected", "message content rejected", "rejected due to content", "mail rejete. mail",
            "ofr_506", "blocked by our content", "denied [bouncedeny]", "message refused by", "dear sender",
        ),
    ),
    (
        "relay_denied",
        (
            "relay access denied", "relay denied", "relaying denied", "relay not permitted", "unable to relay",
            "not permitted to relay", "rcpthosts", "rcpthost", "not a gateway", "we don't handle mail for",
            "not local host", "we do not relay", "non-accepted domain", "mail for this domain is not accepted",
        ),
    ),
    (
        "blocked",
        (
            "blacklist", "black list", "block list", "blocklist", "blocked using", "is blocked", "has been blocked",
            "blocked for abuse", "blocked by ", "blocked -", "access denied", "reverse dns", "rdns", "ptr record",
            "no ptr", "dnsbl", "spamhaus", "spamcop", "rbl ", "bad reputation", "poor reputation", "reputation",
            "client host", "ip address has been", "ip is blocked", "weren't sent", "invalid ip", "dynamic ip",
            "generic reverse", "helo command rejected", "invalid helo", "helo/ehlo", "sender ip", "banned",
            "unverifyable sending ips", "insufficient reputation", "refused by ", "connection refused by your",
            "not accept mail from", "we do not accept mail from", "your network", "abuse", "block message",
            "cannot find your hostname", "cannot find your reverse", "hostname lookup", "bad sending host",
            "domain of sender address", "sender verify failed", "from your ip", "by your ip", "greeting failed",
        ),
    ),
    (
        "sender_rejected",
        (
            "sender address rejected", "sender rejected", "sender was rejected", "sender denied", "invalid sender",
            "unroutable sender", "sender domain", "from: domain is invalid", "sender address", "bogus mail from",
            "null sender", "empty envelope sender", "does not exist e2110", "mail from not owned", "backscatter", "batv",
            "not registered gateway", "emetteur invalide", "emetteur", "no third-party dsns", "in reply to mail from",
            "sender email address", "after mail from", "sender is not", "[mail_from]", "5.1.7", "5.1.8",
        ),
    ),
    (
        "host_unknown",
        (
            "host unknown", "unknown host", "host not found", "domain not found", "domain does not exist",
            "domain doesnt exist", "domain doesn't exist", "no such domain", "no such host", "name or service not known",
            "name not found", "unrouteable address", "unroutable address", "unrouteable mail domain",
            "unrouteable domain", "couldn't find any host", "couldn't find a mail exchanger", "could not find a mail",
            "domain is not reachable", "domain must exist", "unknown domain", "invalid domain", "bad destination system",
            "illegal host/domain", "nullmx", "null mx", "does not accept mail", "no mx record", "no mx ", "dns error",
            "nxdomain", "non-existent domain", "unresolvable", "all relevant mx records point to non-existent",
            "domain name not found", "dns domain", "ドメインが見つか", "ドメインが存在", "host name is unknown",
            "could not find a gateway", "does not exist in dns", "unable to resolve", "a.k.a. unknown host",
        ),
    ),
    (
        "user_unknown",
        (
            "user unknown", "unknown user", "user not exist", "user does not exist", "user doesn't exist",
            "user not found", "no such user", "no such mailbox", "no such recipient", "no such address",
            "no such account", "no such person", "no mailbox here", "no mail box", "unknown recipient",
            "recipient unknown", "unknown address", "address unknown", "unknown mailbox", "mailbox not found",
            "mailbox unavailable", "mailbox unknown", "mailbox does not exist", "mailbox not exist", "invalid mailbox",
            "mailbox name not allowed", "not a valid mailbox", "no valid recipient", "recipient not found",
            "recipnotfound", "recipientnotfound", "resolver.adr", "recipient name is not recognized", "not listed in",
            "not our customer", "not a known user", "not a valid user", "is not a user", "isn't a user",
            "invalid recipient", "invalid user", "invalid address", "invalid final delivery userid", "bad address",
            "bad destination mailbox", "bad recipient", "illegal alias", "undeliverable address", "address rejected",
            "address error", "does not like recipient", "recipient rejected", "rejected recipient", "rcpt rejected",
            "rejected address", "account does not exist", "account that you tried to reach does not exist",
            "address does not exist", "addresses do not exist", "doesn't exist", "does not exist", "not exist",
            "address wasn't found", "wasn't found", "was not found", "could not be found", "couldn't be found",
            "not found recipient account", "recipient account", "not known here", "unknown local", "user is unknown",
            "address not present", "not a valid recipient", "no longer exist", "no account by that name",
            "this user doesn't have a", "user isn't", "not on this server", "no existe", "não existe", "existiert nicht",
            "unbekannt", "destinataire inconnu", "adresse inconnue", "n'existe pas", "non répertorié", "non esiste",
            "не существует", "пользователь не найден", "nicht gefunden", "見つかりません", "存在しません",
            "存在いたしません", "ユーザー不明", "ユーザが存在", "宛先不明", "あて先不明", "送信先メールアドレス",
            "address is possibly incorrect", "check if address is correct", "user missing", "vtext.com addresses",
            "does not have a mailbox", "no recipients", "badrcptto", "unable to find mailbox",
        ),
    ),
    (
        "policy",
        (
            "policy", "policies", "security violation", "header error", "security", "not a member", "members-only",
            "mailing list", "member of", "not allowed to post", "permission to post", "prohibition", "not authorized",
            "not authorised", "permission", "organizational settings", "closed mailing", "illegal attachment",
            "images or other attachments", "the group you tried", "protocol violation", "not subscribed", "multiple addresses", "グループ",
            "delivery restrict", "unauthorized", "not accepted for", "refuse",
        ),
    ),
    (
        "content",
        (
            "mime", "improper use of 8-bit", "conversion to internet format", "conversion", "invalid header",
            "8bitmime", "smtputf8", "malformed", "routing loop detected -- too many received", "message format",
            "line too long", "header size exceeds", "bare lf", "not rfc", "rfc 5322", "rfc822 header", "message-id",
            "form of this message",
        ),
    ),
    (
        "network",
        (
            "host not found, try again", "no route to host", "too many hops", "hop count", "mail loop", "loops back",
            "looping", "routing loop", "forwarding loop", "loop detected", "host is unreachable", "host unreachable",
            "host not reachable", "connection refused", "connection reset", "connection closed", "lost connection",
            "connection lost", "unable to connect", "could not connect", "couldn't connect", "connect to", "socket error",
            "did not accept our requests to connect", "network error", "network is unreachable", "name server",
            "dns lookup failed", "dns failure", "dns records", "name lookup", "server did not respond",
            "not responding", "smtp connection", "broken pipe", "tls ", "no answer from host", "connection dropped",
            "remote host", "temporarily unreachable", "timed out while", "no connection",
        ),
    ),
    (
        "expired",
        (
            "timed out", "timeout", "time out", "expired", "in the queue too long", "retry time", "giving up",
            "too many attempts", "delivery failed 20 attempts", "after multiple retries", "long failure period",
            "failing for a long time", "aborted after", "within the allowed queue period", "for more than",
            "has been delayed", "is delayed", "not been collected", "not delivered within", "could not deliver for",
            "will be retried", "still trying", "delayed", "attempts will continue", "遅延",
        ),
    ),
    (
        "system_error",
        (
            "system error", "internal error", "server error", "local error", "configuration error", "misconfigured",
            "config error", "ldap", "write error", "can't create", "cannot create", "service unavailable",
            "service currently", "transaction failed", "mailer error", "procmail", "command output", "command failed",
            "pipe to", "exit ", "i/o error", "temporary failure", "temporary local problem", "interrupted", "overload",
            "generated by", "matches found", "resources", "operating system error", "sorry, too many clients",
            "unknown mailer", "protocol error", "bad sequence", "not implemented", "failed to read",
        ),
    ),
)  # fmt: skip

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
    "docomo docomonet ezweb softbank vodafone jp-d jp-h jp-t jp-c jp-r jp-k jp-n jp-s jp-q ymobile ymobile1 y-mobile "
    "willcom pdx emnet emobile-s uqmobile rakumail mineo biglobe-mobile disneymobile".split()
)
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
        # docomo answers "550 Unknown user" to the mail itself when its filter refuses us; au says ": User unknown"
        # without an address. With RCPT the same words mean what they say.
        nameless = "550 : user unknown" in said or "550: : user unknown" in said
        if found in _REFUSALS or (found == "user_unknown" and (after_data or nameless or detail == "2.0")):
            return "carrier_filter"
    elif found == "carrier_filter":
        return "filtered"
    return found


def phrase_reason(said: str) -> str:
    """The reason whose phrase stands in ``said`` (lower case, one line), or "" where none does."""
    for reason, phrases in _PHRASES:
        if any(phrase in said for phrase in phrases):
            return reason
    return ""


def status_of(reason: str, permanent: bool) -> str:
    """The enhanced status code for a reason that was read from words alone; "" for one that says nothing."""
    status = REASONS[reason][0]
    return f"{'5' if permanent else '4'}{status[1:]}" if status else ""
