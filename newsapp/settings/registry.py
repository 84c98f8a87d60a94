"""SETTINGS: what editors decide. Forms, validation, storage and docs are derived from these records."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from newsapp.languages import N_, tidy_tag
from newsapp.publishing.checks import CHECKS, WEIGHTS
from newsapp.rights.crawlers import USES
from newsapp.settings import accent, links
from newsapp.traffic.windows import WINDOWS

MODES = (
    ("off", "Off: readers copy as they please"),
    ("credit", "Credit: the headline, a link and a notice are added to what is copied"),
    ("limit", "Limit: short quotations are free, longer ones get the message"),
    ("message", "Message: nothing is copied; the message is shown"),
)
SCOPES = ("site", "section", "article")
USED = (("allowed", "Allowed"), ("refused", "Refused"))
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class SettingError(ValueError):
    """A value that the setting does not take; the message says what it takes."""


@dataclass(frozen=True)
class Setting:
    """One decision. `kind` is one of CLEANERS; a default of None inherits."""

    name: str
    kind: str
    default: Any
    label: str
    help: str
    group: str
    choices: tuple[tuple[str, str], ...] = ()
    least: int = 0
    most: int = 10_000
    scopes: tuple[str, ...] = ("site",)

    def clean(self, value: Any) -> Any:
        """The value in its stored form. Raises SettingError."""
        return CLEANERS[self.kind](self, value)


def clean_text(setting: Setting, value: Any) -> str:
    text = " ".join(str(value).split())
    if len(text) > 500:
        raise SettingError(f"{setting.label}: at most 500 characters, this has {len(text)}.")
    return text


def clean_long_text(setting: Setting, value: Any) -> str:
    return str(value).strip()[:5000]


def clean_email(setting: Setting, value: Any) -> str:
    text = str(value).strip()
    if text and ("@" not in text or " " in text):
        raise SettingError(f"{setting.label}: {text!r} is not an e-mail address.")
    return text


def clean_url(setting: Setting, value: Any) -> str:
    text = str(value).strip()
    try:
        parts = urlsplit(text)
        named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        named = False
    if text and (not named or len(text) > 500 or not text.isprintable() or " " in text):
        raise SettingError(f"{setting.label}: {text!r} is not an address that begins with https:// or http:// and a host.")
    return text


def clean_number(setting: Setting, value: Any) -> int:
    try:
        number = int(str(value).strip())
    except ValueError:
        raise SettingError(f"{setting.label}: {value!r} is not a whole number.") from None
    if not setting.least <= number <= setting.most:
        raise SettingError(f"{setting.label}: from {setting.least} to {setting.most}, not {number}.")
    return number


def clean_picture(setting: Setting, value: Any) -> int:
    """The number of a picture in the media library; 0 for none."""
    text = str(value).strip() or "0"
    if not text.isdecimal() or len(text) > 9:
        raise SettingError(f"{setting.label}: the number of a picture in the media library, not {value!r}.")
    return int(text)


def clean_choice(setting: Setting, value: Any) -> str:
    names = [name for name, _ in setting.choices]
    if value not in names:
        raise SettingError(f"{setting.label}: one of {', '.join(names)}, not {value!r}.")
    return str(value)


def clean_zone(setting: Setting, value: Any) -> str:
    try:
        zoneinfo.ZoneInfo(str(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(f"{setting.label}: {value!r} is not a time zone; write it like Europe/Paris.") from None
    return str(value)


def clean_language(setting: Setting, value: Any) -> str:
    try:
        return tidy_tag(str(value))
    except ValueError:
        raise SettingError(f"{setting.label}: {value!r} is not a language tag; write it like en or pt-BR.") from None


def clean_links(setting: Setting, value: Any) -> list[list[str]]:
    """Lines of `Name https://…` as [[name, address]]."""
    lines = value.splitlines() if isinstance(value, str) else [" ".join(pair) for pair in value]
    found = []
    for line in filter(None, (line.strip() for line in lines)):
        name, _, link = line.rpartition(" ")
        if not name or not link.startswith(("https://", "http://", "mailto:", "/")):
            raise SettingError(f"{setting.label}: {line!r} is not a name, a space and an address.")
        found.append([name.strip(), link])
    return found


def clean_hosts(setting: Setting, value: Any) -> list[str]:
    """Names of hosts, one a line or between commas or spaces; an address is taken for its host."""
    words = re.split(r"[\s,]+", value) if isinstance(value, str) else value
    hosts = [re.sub(r"^https?://|[/:].*$", "", word.lower().removeprefix("*.")) for word in words if word]
    for host in hosts:
        if not HOST.fullmatch(host):
            raise SettingError(f"{setting.label}: {host!r} is not the name of a site, like news.example.org.")
    return list(dict.fromkeys(hosts))


def clean_by(read: Callable[[Any], Any]) -> Callable[[Setting, Any], Any]:
    """A cleaner made of a function that raises ValueError with what is wrong."""

    def clean(setting: Setting, value: Any) -> Any:
        try:
            return read(value)
        except ValueError as error:
            raise SettingError(f"{setting.label}: {error}.") from error

    return clean


CLEANERS: dict[str, Callable[[Setting, Any], Any]] = {
    "text": clean_text,
    "long_text": clean_long_text,
    "email": clean_email,
    "url": clean_url,
    "secret": clean_text,
    "number": clean_number,
    "choice": clean_choice,
    "zone": clean_zone,
    "language": clean_language,
    "links": clean_links,
    "hosts": clean_hosts,
    "menu": clean_by(links.menu),
    "columns": clean_by(links.columns),
    "profiles": clean_by(links.profiles),
    "colour": clean_by(accent.of_paper),
    "picture": clean_picture,
}

SETTINGS = (
    Setting("site_name", "text", "The Meridian", "Name of the paper", "Shown at the head of every page.", "Paper"),
    Setting("site_motto", "text", "The country and the world, counted honestly", "Motto", "One line below the name.", "Paper"),
    Setting("time_zone", "zone", "UTC", "Time zone", "Dates are shown, and days are counted, in this zone.", "Paper"),
    Setting("language", "language", "en", "Language", "Readers’ pages speak it; the desk stays English. A tag: en, fr, ar, so.", "Paper"),
    Setting("chief_email", "email", "", "Chief's e-mail", "Where readers' letters and our alarms go.", "Paper"),
    Setting("logo", "picture", 0, "Logo", "In the place of the name at the head of every page. 0: the name in type.", "Look"),
    Setting("logo_night", "picture", 0, "Logo for dark ground", "By night, and at the foot of every page. 0: the other, on a white plate.", "Look"),
    Setting("accent", "colour", accent.DEFAULT, "Accent colour",
            "Of links, tabs and numbers by day. By night a lighter one of the same hue is made of it.", "Look"),
    Setting("menu", "menu", [], "Main menu",
            "One a line: /world for a section or page, a name and an address for another link, * for all other sections. Empty: all sections.",
            "Look"),
    Setting("connect_links", "links", [["RSS", "/feed.xml"]], "Connect with us", "One a line: a name, a space, an address.", "Look"),
    Setting("profiles", "profiles", [], "The paper on other networks",
            "The address of one profile a line; a name before it where the network is not known here.", "Look"),
    Setting("footer_columns", "columns", [], "More links at the foot",
            "A line without an address is the heading of a column; below it one link a line, a name and an address.", "Look"),
    Setting("footer_text", "text", "", "Line at the foot of every page", "Such as who publishes the paper, and where.", "Look"),
    Setting("feed_text", "choice", "excerpt", "Feeds tell", "RSS, Atom and JSON Feed, of the paper, each section, tag and author.", "Feeds",
            choices=(("excerpt", "Headline and standfirst"), ("full", "The whole story"))),
    Setting("websub_hub", "url", "", "Hub (WebSub)", "Told at once of every feed with news, and tells who follows them. Its address; empty: none.",
            "Feeds"),
    Setting("most_viewed_window", "choice", "day", "Most Viewed shows the last", "The span that pages open with.", "Most Viewed",
            choices=tuple((window.slug, window.label) for window in WINDOWS)),
    Setting("most_viewed_length", "number", 10, "Stories in the list", "On the front page; beside a story it is at most six.", "Most Viewed",
            least=3, most=20),
    Setting("count_without_script", "choice", "no", "Views without JavaScript",
            "Nobody can tell that they were on screen. A change holds from the next full hour.", "Counting",
            choices=(("no", "Kept apart, as unconfirmed"), ("yes", "Counted"))),
    Setting("events_kept_days", "number", 14, "Days that single events are kept",
            "To count them again under another rule. Without an address; 0 keeps none.", "Counting", most=35),
    Setting("most_viewed_per_section", "number", 0, "Stories of one section", "At most so many in the paper's lists; 0: any number.", "Most Viewed",
            most=50),
    Setting("most_viewed_max_age", "number", 0, "Days after which a story leaves the lists", "Counted from its date; 0: never.", "Most Viewed"),
    Setting("trend_half_life", "number", 6, "Trend: hours after which a view counts half",
            "Few: what rises now. Many: what lasts.", "Most Viewed", least=1, most=168),
    Setting("public_views", "choice", "off", "The views of single stories", "For anybody who asks /api/v1/articles/NUMBER/views.", "Most Viewed",
            choices=(("off", "Are not given out"), ("on", "Are public"))),
    Setting("webhook_address", "url", "", "Tell a program of entries into the list", "Each entry is sent there as JSON; empty: none is.", "Webhook"),
    Setting("webhook_secret", "secret", "", "Secret", "Signs what is sent, in the header X-Newsapp-Signature.", "Webhook"),
    Setting("webhook_places", "number", 10, "Places that are told of", "From the top of the list that pages open with.", "Webhook",
            least=1, most=50),
    Setting("alert_email", "email", "", "Alarms go to", "An e-mail; empty: the chief’s. Needs a mail server (SMTP_URL).", "Alerts"),
    Setting("alert_webhook", "url", "", "Tell a program of alarms", "Each is sent there as JSON when it begins and when it is over; empty: none is.",
            "Alerts"),
    Setting("alert_secret", "secret", "", "Secret", "Signs what is sent, in the header X-Newsapp-Signature.", "Alerts"),
    Setting("alert_after", "number", 30, "Seconds that an alarm holds before it is told", "What mends itself sooner is on the board alone.", "Alerts",
            most=3600),
    Setting("writers_publish", "choice", "off", "Writers publish", "Otherwise they write, and an editor publishes.", "People",
            choices=(("off", "No"), ("on", "Yes"))),
    Setting("second_factor", "choice", "off", "Chiefs and admins need a second factor", "A code of an authenticator app, or a passkey.", "People",
            choices=(("off", "No"), ("on", "Yes"))),
    Setting("audit_days", "number", 730, "Days that the audit log is kept", "0: for ever.", "People", most=36500),
    Setting("revisions_kept", "number", 0, "Revisions kept of one article", "The newest so many; 0: all.", "Writing", most=10_000),
    Setting("approval", "choice", "nobody", "Approval before publishing", "Who publishes without it is said below.", "Publishing",
            choices=(("nobody", "Nobody’s story needs it"), ("writers", "Stories of those who may not publish themselves"),
                     ("everybody", "Every story, by another person than who asks"))),
    Setting("who_may_publish", "choice", "editor", "Who approves, and publishes without it", "Where approval is wanted.", "Publishing",
            choices=(("editor", "Editors, chiefs and admins"), ("chief", "Chiefs and admins"))),
    Setting("expired_answer", "choice", "404", "A story whose time is over", "What readers and search engines are told at its address.", "Publishing",
            choices=(("404", "It is no longer available (404)"), ("410", "It is gone for good (410)"))),
    *(Setting(check.setting, "choice", check.weight, check.label, check.help, "Checklist before publishing", choices=WEIGHTS) for check in CHECKS),
    Setting("corrections_name", "text", N_("Corrections"), "Name of the corrections log",
            "Its page is /corrections; the foot of every page leads there.", "Publishing"),
    Setting("protection_mode", "choice", "off", "When a reader copies", "Printing, search, keyboards and screen readers are never touched.",
            "Copy protection", choices=MODES, scopes=SCOPES),
    Setting("protection_message", "text", N_("You cannot copy content of this page"), "Message", "Shown politely when copying is not allowed.",
            "Copy protection", scopes=SCOPES),
    Setting("protection_limit", "number", 200, "Characters free to copy", "In the mode Limit.", "Copy protection", most=5000, scopes=SCOPES),
    Setting("protection_credit", "text", N_("Please quote with a link to the story."), "Notice",
            "Added after the headline and link in the mode Credit.", "Copy protection", scopes=SCOPES),
    *(Setting(use.setting, "choice", use.default, use.label, use.help, "Rights", choices=USED) for use in USES),
    Setting("rights_holder", "text", "", "Who holds the rights", "Empty: the paper, by its name.", "Rights"),
    Setting("rights_notice", "text", "", "Copyright notice", "In the data of each story. Empty: ©, its year, and who holds the rights.", "Rights"),
    Setting("rights_licence", "url", "", "Licence of the stories", "An address, such as one of Creative Commons. Empty: all rights are reserved.",
            "Rights"),
    Setting("rights_terms", "url", "", "Page about rights", "Where people read what they may do, and how to ask for more.", "Rights"),
    Setting("hotlinks", "choice", "allowed", "Pictures on pages of other sites", "Refused, they stay empty there.", "Rights",
            choices=(("allowed", "Allowed"), ("refused", "Refused, but for the sites below"))),
    Setting("hotlink_hosts", "hosts", [], "Sites that may show our pictures", "One a line, like partner.example.org; what is part of it may too.",
            "Rights"),
)  # fmt: skip
BY_NAME = {setting.name: setting for setting in SETTINGS}


def find(name: str) -> Setting:
    """The setting of that name. Raises SettingError with the names there are."""
    if name not in BY_NAME:
        raise SettingError(f"There is no setting {name!r}. There are: {', '.join(BY_NAME)}.")
    return BY_NAME[name]
