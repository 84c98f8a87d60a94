"""The desk's forms: articles, sections, the first run, and the search above the list."""

from __future__ import annotations

import re
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    EmailField,
    Field,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp

from newsapp.desk.pictures import NotAPicture, opened
from newsapp.news.models import Article, Section
from newsapp.news.slugs import slugify
from newsapp.settings.registry import MODES, SettingError, find

LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
TAG_WANTED = "A language tag, like en or pt-BR."


# Characters that nobody types: controls, and marks that turn the direction of all that follows.
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def tidy(text: str | None) -> str:
    return " ".join(UNSEEN.sub("", text or "").split())


def trimmed(text: str | None) -> str:
    return UNSEEN.sub("", text or "").replace("\r\n", "\n").strip()


def sensible(form: Any, field: Field) -> None:
    if field.data is not None and not 1900 <= field.data.year <= 2200:
        raise ValidationError("A year from 1900 to 2200.")


def well_formed(form: Any, field: Field) -> None:
    if slugify(field.data) != field.data:
        raise ValidationError("Small letters and digits, with single hyphens between words.")


def one_line(label: str, most: int, **options: Any) -> StringField:
    return StringField(label, [Length(max=most, message=f"At most {most} characters.")], filters=[tidy], **options)


def modes(inherited: str) -> list[SelectChoice]:
    """The copy policies, and first that of what stands above."""
    return [SelectChoice("", inherited), *(SelectChoice(name, label) for name, label in MODES)]


class ArticleForm(FlaskForm):  # type: ignore[misc]
    """All that an editor types about one story."""

    version = HiddenField(filters=[lambda text: int(text) if str(text or "").isdigit() else 0])
    headline = TextAreaField("Headline", [DataRequired("A story needs a headline."), Length(max=300)], filters=[tidy])
    list_headline = one_line("Headline in lists", 300, description="Shorter; empty: the headline.")
    kicker = one_line("Kicker", 80, description="Two or three words above the headline.")
    slug = StringField(
        "Address", [Optional(), Length(max=150), well_formed],
        filters=[tidy], description="Empty: made from the headline. Fixed once it is live.",
    )  # fmt: skip
    section = SelectField("Section", coerce=int)
    tags = one_line("Tags", 500, description="Between commas; new ones are made.")
    bylines = one_line("By", 300, description="Between commas, in their order.")
    standfirst = TextAreaField("Standfirst", [Length(max=2000)], filters=[tidy])
    body = TextAreaField("Story", filters=[trimmed])
    picture = FileField("Picture file", description="JPEG, PNG, WebP or GIF, at most 16 MB. What a camera notes in it, the place too, is taken out.")
    remove_picture = BooleanField("Take the picture away")
    alt = StringField("Description for readers who cannot see it", [Length(max=1000)], filters=[tidy])
    caption = StringField("Caption", [Length(max=1000)], filters=[tidy])
    credit = one_line("Credit", 200)
    front_position = IntegerField("Place on the front page", [Optional(), NumberRange(1, 99)], description="1 leads. Empty: by its date.")
    publish_at = DateTimeLocalField("Goes out", format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], validators=[Optional(), sensible])
    language = StringField(
        "Language", [Optional(), Length(max=20), Regexp(LANGUAGE, message=TAG_WANTED)],
        filters=[tidy], description="Empty: the paper's.",
    )  # fmt: skip
    protection_mode = SelectField("When a reader copies", choices=modes("As the section and the paper do"))

    has_picture = False  # whether the article has one already
    image: Any = None  # the uploaded one, once it has been read

    def offer(self, sections: list[Section], article: Article | None) -> ArticleForm:
        """Fill in what there is to choose from."""
        self.section.choices = [SelectChoice(section.id, section.name) for section in sections]
        self.has_picture = bool(article and article.picture)
        return self

    def validate_picture(self, field: FileField) -> None:
        if field.data:
            try:
                self.image = opened(field.data.stream)
            except NotAPicture as error:
                raise ValidationError(str(error)) from error

    def validate_alt(self, field: Field) -> None:
        comes = bool(self.picture.data)
        stays = self.has_picture and not self.remove_picture.data
        if (comes or stays) and not field.data:
            raise ValidationError("A picture needs a description: some readers hear it instead of seeing it.")


class SectionForm(FlaskForm):  # type: ignore[misc]
    """One section of the paper."""

    name = one_line("Name", 120)
    slug = StringField("Address", [Optional(), Length(max=60), well_formed], filters=[tidy])
    position = IntegerField("Place", [Optional(), NumberRange(0, 9999)])
    protection_mode = SelectField("When a reader copies", choices=modes("As the paper does"))

    def validate_name(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("A section needs a name.")


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """A new password, from who knows the old one."""

    current = PasswordField("Present password", [InputRequired("Without it nobody can tell that it is you.")])
    fresh = PasswordField(
        "New password", [InputRequired("At least 12 characters."), Length(min=12, max=200, message="At least 12 characters.")],
        description="At least 12 characters; three or four unrelated words are good.",
    )  # fmt: skip


class WelcomeForm(FlaskForm):  # type: ignore[misc]
    """The first run: what a paper cannot do without. Its fields are settings, checked by their records."""

    site_name = StringField("Name of the paper", [DataRequired("A paper needs a name.")], filters=[tidy])
    time_zone = StringField("Time zone", [InputRequired("Write it like Europe/Paris.")])
    language = StringField("Language", [InputRequired(TAG_WANTED), Regexp(LANGUAGE, message=TAG_WANTED)])
    chief_email = EmailField("Chief's e-mail")

    def validate_time_zone(self, field: Field) -> None:
        check_setting("time_zone", field)

    def validate_chief_email(self, field: Field) -> None:
        check_setting("chief_email", field)


def check_setting(name: str, field: Field) -> None:
    """Let the setting's own record judge. Raises ValidationError."""
    try:
        find(name).clean(field.data or "")
    except SettingError as error:
        raise ValidationError(str(error)) from error
