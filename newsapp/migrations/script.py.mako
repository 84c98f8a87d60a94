<%!
    def plain(text):
        """Operations without Alembic's remarks."""
        return "\n".join(line for line in text.splitlines() if "# ###" not in line).strip()
%>"""${message[0].upper() + message[1:]}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${plain(upgrades) if upgrades else "pass"}


def downgrade() -> None:
    ${plain(downgrades) if downgrades else "pass"}
