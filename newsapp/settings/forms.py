"""The form of the settings, made of their records: a new record is a new field."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Callable
from typing import Any

from babel import Locale
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import ColorField, EmailField, Field, HiddenField, IntegerField, SelectField, StringField, TextAreaField, URLField, ValidationError
from wtforms.fields import SelectChoice

from newsapp.languages import catalogues
from newsapp.media.files import NotAPicture, opened
from newsapp.media.forms import TAKES
from newsapp.settings import links
from newsapp.settings.registry import BY_NAME, SETTINGS, Setting, SettingError
from newsapp.settings.things import there

NO_PLACES = ("Etc/", "posix/", "right/", "SystemV/")
Maker = Callable[[Setting, dict[str, Any]], Field]


def simple(field: type[Field]) -> Maker:
    return lambda setting, options: field(setting.label, **options)


def number_field(setting: Setting, options: dict[str, Any]) -> Field:
    return IntegerField(setting.label, render_kw={"min": setting.least, "max": setting.most}, **options)


def secret_field(setting: Setting, options: dict[str, Any]) -> Field:
    return StringField(setting.label, render_kw={"autocomplete": "off", "spellcheck": "false"}, **options)


def choice_field(setting: Setting, options: dict[str, Any]) -> Field:
    return SelectField(setting.label, choices=[SelectChoice(name, label) for name, label in setting.choices], **options)


def zone_field(setting: Setting, options: dict[str, Any]) -> Field:
    return StringField(setting.label, render_kw={"list": "zones", "autocomplete": "off"}, **options)


def language_field(setting: Setting, options: dict[str, Any]) -> Field:
    return StringField(setting.label, render_kw={"list": "languages", "autocomplete": "off", "spellcheck": "false"}, **options)


def links_field(setting: Setting, options: dict[str, Any]) -> Field:
    return TextAreaField(setting.label, render_kw={"rows": 4}, **options)


def picture_field(setting: Setting, options: dict[str, Any]) -> Field:
    return IntegerField(setting.label, render_kw={"min": 0}, **options)


MAKERS: dict[str, Maker] = {
    "text": simple(StringField),
    "long_text": simple(TextAreaField),
    "email": simple(EmailField),
    "url": simple(URLField),
    "secret": secret_field,
    "number": number_field,
    "choice": choice_field,
    "zone": zone_field,
    "language": language_field,
    "links": links_field,
    "hosts": links_field,
    "menu": links_field,
    "columns": links_field,
    "profiles": links_field,
    "colour": simple(ColorField),
    "picture": picture_field,
}
FILE = "_file"  # what the name of a picture's setting is followed by, for the field of a new one
SHOWN: dict[str, Callable[[Any], Any]] = {
    "hosts": "\n".join,
    "links": lambda pairs: "\n".join(" ".join(pair) for pair in pairs),
    "menu": links.menu_text,
    "columns": links.columns_text,
    "profiles": links.profiles_text,
}  # stored values as their fields show them


class Checked:
    """A validator that lets the setting's record judge."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def __call__(self, form: Any, field: Field) -> None:
        try:
            there(self.setting, self.setting.clean("" if field.data is None else field.data))
        except SettingError as error:
            raise ValidationError(str(error)) from error


def brought(form: Any, field: Field) -> None:
    """Read a picture file that was brought; none need be."""
    field.image = None
    if field.data:
        try:
            field.image = opened(field.data.stream)
        except NotAPicture as error:
            raise ValidationError(str(error)) from error


def file_field(setting: Setting) -> Field:
    return FileField(f"{setting.label}: bring a new one", validators=[brought], description=TAKES)


def field_of(setting: Setting) -> Field:
    return MAKERS[setting.kind](setting, {"validators": [Checked(setting)], "description": setting.help})


def form_class() -> type[Any]:
    """A form with one field for each setting of the site, and the revision it was opened at."""
    fields = {setting.name: field_of(setting) for setting in SETTINGS if "site" in setting.scopes}
    files = {f"{name}{FILE}": file_field(BY_NAME[name]) for name in fields if BY_NAME[name].kind == "picture"}
    return type("SettingsForm", (FlaskForm,), {"revision": HiddenField(), **fields, **files})


SettingsForm = form_class()


def groups() -> dict[str, list[str]]:
    """The names of the site's settings by group, in the order of the records."""
    result: dict[str, list[str]] = {}
    for setting in SETTINGS:
        if "site" in setting.scopes:
            result.setdefault(setting.group, []).append(setting.name)
    return result


def shown(setting: Setting, value: Any) -> Any:
    """A stored value as its field shows it."""
    return SHOWN[setting.kind](value) if setting.kind in SHOWN else value


def told(setting: Setting, value: Any) -> Any:
    """A stored value as lists of changes tell it."""
    if setting.kind == "secret" and value:
        return "•••"
    if setting.kind == "picture":
        return f"picture {value}" if value else ""
    return shown(setting, value)


def tongues() -> list[tuple[str, str]]:
    """(tag, its own name) of the languages that readers' pages speak, for the field to offer."""
    return [(name.replace("_", "-"), Locale.parse(name).get_display_name() or name) for name in catalogues()]


@functools.cache  # reading them all takes tens of milliseconds
def zones() -> list[str]:
    """The time zones this machine knows, for the field to offer."""
    places = (name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(NO_PLACES))
    return [*sorted(places), "UTC"]
