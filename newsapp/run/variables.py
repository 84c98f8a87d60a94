"""The tables of docs/running.md, written from CONFIG and PARTS: `python -m newsapp.run.variables`."""

from __future__ import annotations

from pathlib import Path

from newsapp.config import CONFIG, Config, Variable, kept_secret, kept_totp_secret
from newsapp.run.parts import PARTS


def example(variable: Variable, above: Config) -> str:
    """A default as people read it: never this machine's, and never a secret."""
    if variable.default in (kept_secret, kept_totp_secret):
        return ""
    return variable.default if isinstance(variable.default, str) else variable.default(above)


def variables_table() -> str:
    """One row for each environment variable."""
    rows, above = ["| variable | default | what |", "|---|---|---|"], Config()
    for variable in CONFIG:
        text = example(variable, above)
        above[variable.name] = Path(text) if variable.name == "NEWSAPP_HOME" else variable.parse(text)
        rows.append(f"| `{variable.name}` | {f'`{text}`' if text else ''} | {variable.help} |")
    return "\n".join(rows)


def parts_table() -> str:
    """One row for each part, in the order in which they stop."""
    rows = ["| part | what | log |", "|---|---|---|"]
    return "\n".join(rows + [f"| `{part.name}` | {part.help} | `log/{part.name}.log` |" for part in PARTS])


if __name__ == "__main__":
    print(parts_table(), variables_table(), sep="\n\n")
