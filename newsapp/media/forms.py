"""What editors say of a picture."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import Field, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange

from newsapp.media.files import NotAPicture, opened
from newsapp.news.words import tidy

TAKES = "JPEG, PNG, WebP or GIF, at most 16 MB. What a camera notes in it, the place too, is taken out."


def percent(label: str, **options: Any) -> IntegerField:
    return IntegerField(label, [InputRequired("From 0 to 100."), NumberRange(0, 100, "From 0 to 100.")], default=50, **options)


class WordsForm(FlaskForm):  # type: ignore[misc]
    """The words of a picture, and what of it a crop keeps."""

    alt = TextAreaField("Description for readers who cannot see it", [Length(max=1000)], filters=[tidy])
    caption = TextAreaField("Caption", [Length(max=1000)], filters=[tidy], description="Stories begin with it and may say it otherwise.")
    credit = StringField("Credit", [Length(max=200)], filters=[tidy])
    licence = StringField("Licence", [Length(max=200)], filters=[tidy], description="For the desk: what it allows, and until when.")
    focus_x = percent("From the left, in per cent")
    focus_y = percent("From the top, in per cent")

    def validate_alt(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("A picture needs a description: some readers hear it instead of seeing it.")


class FileForm(FlaskForm):  # type: ignore[misc]
    """One picture file, to come into the library or to replace another."""

    file = FileField("Picture file", description=TAKES)
    alt = StringField("Description for readers who cannot see it", [Length(max=1000)], filters=[tidy])
    credit = StringField("Credit", [Length(max=200)], filters=[tidy])

    image: Any = None  # once it has been read

    def validate_file(self, field: FileField) -> None:
        if not field.data:
            raise ValidationError("Choose a file.")
        try:
            self.image = opened(field.data.stream)
        except NotAPicture as error:
            raise ValidationError(str(error)) from error
