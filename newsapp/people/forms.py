"""The forms of people: invitations, roles, names and passwords."""

from __future__ import annotations

from typing import Any

from flask_security import current_user
from flask_security.forms import ChangePasswordForm, ResetPasswordForm
from flask_wtf import FlaskForm
from wtforms import EmailField, Field, PasswordField, SelectMultipleField, StringField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from newsapp.people.passwords import ADVICE, LEAST, problems
from newsapp.people.rights import ROLES
from newsapp.people.staff import PersonError, clean_email, normal

RULES = f"At least {LEAST} characters. {ADVICE}"


def tidy(text: str | None) -> str:
    return " ".join((text or "").split())


class RolesField(SelectMultipleField):  # type: ignore[misc]
    """A box to tick for each role."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(label, choices=[SelectChoice(role.name, role.name.capitalize()) for role in ROLES], **options)


class RolesForm(FlaskForm):  # type: ignore[misc]
    """What a person may do."""

    roles = RolesField("Roles")


class InvitationForm(RolesForm):
    """Who is to come."""

    email = EmailField("E-mail", [InputRequired("Where does the letter go?"), Length(max=200)], filters=[tidy])

    def validate_email(self, field: Field) -> None:
        try:
            clean_email(field.data)
        except PersonError as error:
            raise ValidationError(str(error)) from error

    def validate_roles(self, field: Field) -> None:
        if not field.data:
            raise ValidationError("Choose at least one role.")


class NameForm(FlaskForm):  # type: ignore[misc]
    """What the desk calls a person."""

    name = StringField("Name", [Length(max=120, message="At most 120 characters.")], filters=[tidy], description="Empty: your e-mail.")


class InvitedForm(FlaskForm):  # type: ignore[misc]
    """What somebody who was invited chooses."""

    name = StringField("Name", [InputRequired("What is the desk to call you?"), Length(max=120)], filters=[tidy])
    password = PasswordField("Password", description=RULES)
    email = ""

    def check_password(self) -> bool:
        """Whether the password can be theirs; says why not."""
        found = problems(normal(self.password.data or ""), [self.email, self.name.data])
        self.password.errors = [*self.password.errors, *found]
        return not found


class OwnPasswordForm(ChangePasswordForm):
    """A new password, from who knows the old one. It can be seen as it is typed, so it is not typed twice."""

    password = PasswordField("Present password", render_kw={"autocomplete": "current-password"})
    new_password = PasswordField("New password", [InputRequired(RULES)], description=RULES, render_kw={"autocomplete": "new-password"})
    new_password_confirm = None

    def validate(self, **options: Any) -> bool:
        right = bool(super().validate(**options))
        if self.password.errors and current_user.password:
            self.password.errors = ["This is not your password." if self.password.data else "Without it nobody can tell that it is you."]
        return right


class NewPasswordForm(ResetPasswordForm):
    """A new password, from who has a link for it."""

    password = PasswordField("New password", [InputRequired(RULES)], description=RULES, render_kw={"autocomplete": "new-password"})
    password_confirm = None
