"""RIGHTS: who may do what. Every route of the desk stands in one of these records, or is open; a route in none is closed to all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WRITER, EDITOR, CHIEF, VIEWER, OPERATOR, ADMIN = "writer", "editor", "chief", "viewer", "operator", "admin"


@dataclass(frozen=True)
class RoleRecord:
    """One role, and what it is for in a sentence."""

    name: str
    help: str


ROLES = (
    RoleRecord(WRITER, "Writes stories and sends them to review; publishes only where a setting lets writers."),
    RoleRecord(EDITOR, "Publishes, corrects and spikes stories, arranges the front page, sees the lists."),
    RoleRecord(CHIEF, "Does all that an editor does, takes stories down, decides settings and rankings, reads the audit log."),
    RoleRecord(VIEWER, "Sees the operators’ board, and changes nothing there."),
    RoleRecord(OPERATOR, "Sees the operators’ board; stops workers, runs jobs, requeues and deletes failed ones."),
    RoleRecord(ADMIN, "Invites people and gives roles; may do all the rest."),
)
ROLE_NAMES = tuple(role.name for role in ROLES)


@dataclass(frozen=True)
class Right:
    """Something to be allowed: the roles that are (admins always), the endpoints that it opens, and a sentence for the people page.

    `lets` names a setting that gives the right to one more role while it is on.
    """

    name: str
    roles: tuple[str, ...]
    help: str
    endpoints: tuple[str, ...]
    lets: tuple[str, str] | None = None  # (role, setting)

    def is_held(self, roles: Iterable[str], values: Mapping[str, Any]) -> bool:
        """Whether one of those roles has the right, with the settings as they are."""
        mine = set(roles)
        return bool(mine & {ADMIN, *self.roles}) or bool(self.lets and self.lets[0] in mine and values[self.lets[1]] == "on")


RIGHTS = (
    Right("account", ROLE_NAMES, "Keep an own account: password, second factor, passkeys, sessions.", (
        "desk.start", "account.show", "account.rename", "account.qr", "account.drop_session", "account.drop_others", "security.change_password",
        "security.two_factor_setup", "security.two_factor_setup_validate", "security.mf_recovery_codes", "security.wan_register",
        "security.wan_register_response", "security.wan_delete", "security.verify", "security.wan_verify", "security.wan_verify_response",
    )),
    Right("write", (WRITER, EDITOR, CHIEF), "Write stories, and see how they are read.", (
        "desk.articles", "saved_lists.keep", "saved_lists.let_go",
        "desk.new", "desk.edit", "desk.create", "desk.change_article", "desk.media", "desk.share_picture", "numbers.show",
        "revisions.show", "revisions.restore", "revisions.versions", "revisions.choose", "opened_forms.keep", "opened_forms.waiting",
        "desk.create_for_review", "desk.review", "previews.saved", "previews.unsaved", "previews.choose_moment", "previews.site_at",
        "publishing.preview_links", "publishing.make_preview_link", "publishing.take_back_preview_link", "publishing.ask_links",
        "finding.find", "finding.embed", "finding.address", "pictures.shelves", "pictures.bring", "pictures.show", "pictures.describe",
        "opened_forms.reopen", "opened_forms.throw_away", "opened_forms.form_token", "opened_forms.arrive", "opened_forms.leave",
    )),
    Right("publish", (EDITOR, CHIEF), "Publish stories, and change what is published.", (
        "desk.create_and_publish", "desk.publish", "publishing.approve", "publishing.send_back", "publishing.corrections", "publishing.make_note",
        "publishing.edit_note", "publishing.change_note", "publishing.remove_note",
    ), lets=(WRITER, "writers_publish")),
    Right("pictures", (EDITOR, CHIEF), "Replace a picture everywhere, and remove those that no story has.", (
        "pictures.replace", "pictures.remove",
    )),
    Right("spike", (EDITOR, CHIEF), "Take stories off the site, and bring them back.", ("desk.spike", "desk.unspike")),
    Right("lists", (EDITOR, CHIEF), "See Most Viewed, the numbers of the site, and the views that are held.", (
        "most_viewed.lists", "most_viewed.find", "most_viewed.story", "held.show", "numbers.site", "numbers.current", "numbers.ask_month",
        "numbers.month",
    )),
    Right("crawlers", (EDITOR, CHIEF), "See what crawlers get of the site’s addresses.", ("rights.show",)),
    Right("front", (EDITOR, CHIEF), "Compose the front page, and break news.", (
        "front.show", "front.preview", "front.ask", "front.stories", "front.place", "front.empty", "front.up", "front.go_live", "front.throw_away",
        "front.break_news", "front.calm",
    )),
    Right("rank", (EDITOR, CHIEF), "Pin stories, hold them out of the lists, release views, try rankings.", (
        "most_viewed.pin", "most_viewed.hold_out", "most_viewed.take_back", "held.release", "held.release_article", "numbers.laboratory",
    )),
    Right("file", (EDITOR, CHIEF), "File tags, authors, plain pages and redirects, and many stories at once.", (
        "filing.start", "filing.list_names", "filing.name", "filing.rename", "filing.merge", "filing.remove", "filing.list_redirects",
        "filing.make_redirect", "filing.remove_redirect", "filing.many", "plain_pages.show", "plain_pages.new", "plain_pages.edit",
        "plain_pages.create", "plain_pages.change", "plain_pages.remove",
    )),
    Right("take_down", (CHIEF,), "Take stories down for good.", ("desk.ask_takedown", "desk.take_down")),
    Right("settings", (CHIEF,), "Decide settings and sections, and undo what was decided.", (
        "settings.show", "settings.save", "settings.reach", "settings_history.show", "settings_history.undo", "numbers.take_over",
        "sections.show", "sections.create", "sections.change_section",
    )),
    Right("audit", (CHIEF,), "Read who changed what.", ("audit.show", "audit.download")),
    Right("watch", (VIEWER, OPERATOR), "Watch how newsapp runs: the board, failed jobs, the doctor, the runbook.", (
        "operations.board", "operations.current", "operations.show_failed", "operations.show_history", "operations.show_runbook",
        "operations.consult",
    )),
    Right("operate", (OPERATOR,), "Stop workers, run jobs of the schedule, requeue and delete failed jobs, make the desk read-only.", (
        "operations.requeue", "operations.delete", "operations.act_on_all", "operations.stop_worker", "operations.quiet_worker",
        "operations.wake_worker", "operations.run_now", "operations.close_desk", "operations.open_desk",
    )),
    Right("people", (ADMIN,), "Invite people, give roles, end sessions, name the paper.", (
        "people.everybody", "people.person", "people.change_roles", "people.deactivate", "people.reactivate", "people.end_sessions",
        "people.reset_link", "people.drop_second_factor", "people.invite", "people.invite_again", "people.withdraw", "people.test_letter",
        "welcome.welcome", "welcome.settle",
    )),
)  # fmt: skip
BY_ENDPOINT = {endpoint: right for right in RIGHTS for endpoint in right.endpoints}
BY_NAME = {right.name: right for right in RIGHTS}

# Open to everybody: the ways in and out, the addresses that lead there, and what operators' tools ask.
OPEN = frozenset({
    "security.login", "security.logout", "security.forgot_password", "security.reset_password", "security.two_factor_token_validation",
    "security.two_factor_rescue", "security.tf_select", "security.mf_recovery", "security.wan_signin", "security.wan_signin_response",
    "invited.ask", "invited.accept", "home", "ops", "health.livez", "health.readyz", "health.metrics",
})  # fmt: skip
# Open to who has a secret: without it nothing is found there.
SECRET = frozenset({"previews.shared", "previews.shared_media"})
# For programs of the paper: a key lets them in, no person signs in, and no form with a token is sent.
KEYED = frozenset({"app_api.receive_views"})
# What is sent although the desk is read-only: the way in and out, what only looks, and the switch itself.
WHILE_READ_ONLY = frozenset({
    "security.login", "security.logout", "security.two_factor_token_validation", "security.two_factor_rescue", "security.mf_recovery",
    "security.wan_signin", "security.wan_signin_response", "security.verify", "security.wan_verify", "security.wan_verify_response",
    "previews.unsaved", "previews.choose_moment", "operations.open_desk", "operations.close_desk",
})  # fmt: skip
