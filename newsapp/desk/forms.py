"""The desk's forms: articles, sections, the first run, and the search above the list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    EmailField,
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp

from newsapp.database import db, now
from newsapp.desk.translating import NoTranslation, first_for
from newsapp.media.files import NotAPicture, opened
from newsapp.media.forms import TAKES
from newsapp.news.body import body_of
from newsapp.news.figures import undescribed
from newsapp.news.models import ROBOTS, Article, Picture, Section
from newsapp.news.slugs import slugify
from newsapp.news.words import tidy, trimmed
from newsapp.publishing import times
from newsapp.revisions.forms import Traced
from newsapp.settings.registry import MODES, SettingError, find
from newsapp.settings.store import site_values

LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]  # as browsers send them
TAG_WANTED = "A language tag, like en or pt-BR."


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


class ArticleForm(Traced, FlaskForm):  # type: ignore[misc]
    """All that an editor types about one story."""

    version = HiddenField(filters=[lambda text: int(text) if str(text or "").isdigit() else 0])
    headline = TextAreaField("Headline", [DataRequired("A story needs a headline."), Length(max=300)], filters=[tidy])
    list_headline = one_line("Headline in lists", 300, description="Shorter; empty: the headline.")
    kicker = one_line("Kicker", 80, description="Two or three words above the headline.")
    slug = StringField(
        "Address", [Optional(), Length(max=150), well_formed],
        filters=[tidy], description="Made from the headline, unless you type another. Fixed once it is live.",
    )  # fmt: skip
    new_slug = StringField(
        "New address", [Optional(), Length(max=150), well_formed],
        filters=[tidy], description="Readers who have the old one are led to it.",
    )  # fmt: skip
    section = SelectField("Section", coerce=int)
    tags = one_line("Tags", 500, description="Between commas; new ones are made.")
    bylines = one_line("By", 300, description="Between commas, in their order.")
    guests = one_line("Guests", 300, description="Who wrote it for once, between commas: named, without a page of their own.")
    related = one_line("Read next", 200, description="Numbers of stories between commas, in their order; they come before those of the section.")
    robots = SelectField("Search engines", choices=[SelectChoice(value, label) for value, label, _ in ROBOTS], default="")
    standfirst = TextAreaField("Standfirst", [Length(max=2000)], filters=[tidy])
    body = TextAreaField("Story", filters=[trimmed])
    picture = FileField("Picture file", description=TAKES)
    picture_id = IntegerField("Or its number in the library", [Optional(), NumberRange(1, 2**31 - 1)])
    focus_x = IntegerField("From the left, in per cent", [Optional(), NumberRange(0, 100)])
    focus_y = IntegerField("From the top, in per cent", [Optional(), NumberRange(0, 100)])
    remove_picture = BooleanField("Take the picture away")
    alt = StringField("Description for readers who cannot see it", [Length(max=1000)], filters=[tidy])
    caption = StringField("Caption", [Length(max=1000)], filters=[tidy])
    credit = one_line("Credit", 200)
    publish_at = DateTimeLocalField("Goes out", format=MINUTES, validators=[Optional(), sensible])
    publish_at_which = RadioField("Which of the two", choices=[], validators=[Optional()], validate_choice=False)
    expires_at = DateTimeLocalField("Ends", format=MINUTES, validators=[Optional(), sensible])
    expires_at_which = RadioField("Which of the two", choices=[], validators=[Optional()], validate_choice=False)
    is_update = BooleanField("Tell readers that it was updated", description="For news in it. A typo is none; what was wrong is a correction.")
    language = StringField(
        "Language", [Optional(), Length(max=20), Regexp(LANGUAGE, message=TAG_WANTED)],
        filters=[tidy], description="Empty: the paper's.",
    )  # fmt: skip
    translation_of = one_line(
        "Translation of", 500, description="Number or address of the story in another language; all its translations then name each other.",
    )  # fmt: skip
    protection_mode = SelectField("When a reader copies", choices=modes("As the section and the paper do"))

    article_id: int | None = None
    library_alt = ""  # what the library says of the picture that was picked
    has_picture = False  # whether the article has one already
    image: Any = None  # the uploaded one, once it has been read
    zone = ZoneInfo("UTC")

    def offer(self, sections: list[Section], article: Article | None, zone: ZoneInfo) -> ArticleForm:
        """Fill in what there is to choose from; times are read by the paper's clock."""
        self.section.choices = [SelectChoice(section.id, section.name) for section in sections]
        self.has_picture = bool(article and article.picture)
        self.article_id = article.id if article else None
        self.zone = zone
        offer_which(self.publish_at, self.publish_at_which, zone)
        offer_which(self.expires_at, self.expires_at_which, zone)
        return self

    def validate_publish_at(self, field: Field) -> None:
        settle(field, self.publish_at_which, self.zone)

    def validate_expires_at(self, field: Field) -> None:
        settle(field, self.expires_at_which, self.zone)
        if field.data and self.publish_at.data and times.moment_of(field.data, self.zone) <= times.moment_of(self.publish_at.data, self.zone):
            raise ValidationError("It cannot end before it goes out.")

    def validate_translation_of(self, field: Field) -> None:
        try:
            field.data = str(first_for(field.data, self.article_id, self.language.data or "", site_values()["language"]) or "")
        except NoTranslation as error:
            raise ValidationError(str(error)) from error

    def validate_picture(self, field: FileField) -> None:
        if field.data:
            try:
                self.image = opened(field.data.stream)
            except NotAPicture as error:
                raise ValidationError(str(error)) from error

    def validate_picture_id(self, field: Field) -> None:
        picked = db.session.get(Picture, field.data) if field.data else None
        if field.data and picked is None:
            raise ValidationError("No picture of the library has that number.")
        self.library_alt = picked.alt if picked else ""

    def validate_body(self, field: Field) -> None:
        if without := undescribed(body_of(field.data)):
            raise ValidationError(f"{without} of the pictures in it need a description: some readers hear them instead of seeing them.")

    def validate_alt(self, field: Field) -> None:
        comes = bool(self.picture.data)
        stays = self.has_picture and not self.remove_picture.data
        picks = bool(self.picture_id.data)
        if (comes or stays or picks) and not field.data and not (picks and self.library_alt):
            raise ValidationError("A picture needs a description: some readers hear it instead of seeing it.")


def offer_which(field: Field, choice: Field, zone: ZoneInfo) -> None:
    """Let a time that exists twice be told apart, and show which it was."""
    if field.data:
        choice.choices = [SelectChoice(name, label) for name, label in times.which(field.data, zone)]
        if not choice.raw_data:
            choice.data = times.SECOND if field.data.fold else times.FIRST if choice.choices and field.object_data else None


def settle(field: Field, choice: Field, zone: ZoneInfo) -> None:
    """Make one moment of a local time. Raises ValidationError for a time that is none, or two of which none was chosen."""
    if not field.data:
        return
    reading = times.reading_of(field.data, zone)
    if isinstance(reading, times.Missing):
        near = f"{times.said(reading.before)} or {times.said(reading.after)}"
        raise ValidationError(f"The clocks skip {times.said(field.data)} in {zone.key}. The nearest times are {near}.")
    if isinstance(reading, times.Twice) and choice.data not in (times.FIRST, times.SECOND):
        raise ValidationError(f"{times.said(field.data)} comes twice in {zone.key}, since the clocks are set back. Choose which one.")
    field.data = field.data.replace(fold=int(isinstance(reading, times.Twice) and choice.data == times.SECOND))


class SectionForm(FlaskForm):  # type: ignore[misc]
    """One section of the paper."""

    name = one_line("Name", 120)
    slug = StringField("Address", [Optional(), Length(max=60), well_formed], filters=[tidy])
    position = IntegerField("Place", [Optional(), NumberRange(0, 9999)])
    protection_mode = SelectField("When a reader copies", choices=modes("As the paper does"))

    def validate_name(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("A section needs a name.")


class DecisionForm(FlaskForm):  # type: ignore[misc]
    """What an editor decides about one story in the lists, until a moment to come."""

    reason = one_line("Why", 300, description="For the desk.")
    until = DateTimeLocalField("Until", format=MINUTES, validators=[InputRequired("Every decision has an end."), sensible])
    zone = ZoneInfo("UTC")

    def in_zone(self, zone: ZoneInfo) -> Self:
        """The form, its times read by the paper's clock."""
        self.zone = zone
        return self

    def moment(self) -> datetime:
        return self.until.data.replace(tzinfo=self.zone).astimezone(UTC)  # type: ignore[no-any-return]

    def validate_until(self, field: Field) -> None:
        if self.moment() <= now():
            raise ValidationError("That time is over.")


class PinForm(DecisionForm):
    """A place in the lists for one story."""

    PREFIX = "pin-"
    position = IntegerField("Place", [InputRequired("From 1, the top, to 50."), NumberRange(1, 50)], description="1 is the top.")


class HoldOutForm(DecisionForm):
    """No place in the lists for one story."""

    PREFIX = "hold-"

    def validate_reason(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("A story is not held out without a reason.")


class WelcomeForm(FlaskForm):  # type: ignore[misc]
    """The first run: what a paper cannot do without. Its fields are settings, checked by their records."""

    site_name = StringField("Name of the paper", [DataRequired("A paper needs a name.")], filters=[tidy])
    time_zone = StringField("Time zone", [InputRequired("Write it like Europe/Paris.")])
    language = StringField("Language", [InputRequired(TAG_WANTED)])
    chief_email = EmailField("Chief's e-mail")

    def validate_time_zone(self, field: Field) -> None:
        check_setting("time_zone", field)

    def validate_language(self, field: Field) -> None:
        check_setting("language", field)

    def validate_chief_email(self, field: Field) -> None:
        check_setting("chief_email", field)


class ReleaseForm(FlaskForm):  # type: ignore[misc]
    """What an editor releases: an article's hour, of one network or of agents that no list knows."""

    hour = IntegerField("Hour", [InputRequired()])
    article = IntegerField("Article", [InputRequired()])
    network = IntegerField("Network", [InputRequired()])


def check_setting(name: str, field: Field) -> None:
    """Let the setting's own record judge. Raises ValidationError."""
    try:
        find(name).clean(field.data or "")
    except SettingError as error:
        raise ValidationError(str(error)) from error
