"""The proof: the front page that is being made, until it goes live or is thrown away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete

from newsapp.changes import touch
from newsapp.database import db
from newsapp.front.models import LIVE, PROOF, Plate, Slot, plate, slots_of

TOUCHED = "front"


class StaleProof(Exception):
    """Another front page went live since the proof was begun."""


def shown() -> str:
    """The plate that the desk works on: the proof when there is one."""
    return PROOF if plate(PROOF) else LIVE


def begin(editor: str, at: datetime) -> None:
    """Make the proof, as the front page stands, unless there is one; and note who works on it. In the open transaction."""
    proof, live = plate(PROOF), plate(LIVE)
    if proof is None:
        proof = Plate(name=PROOF, version=0, based_on=live.version if live else 0)
        db.session.add_all([proof, *(slot.copied(PROOF) for slot in slots_of(LIVE) if not slot.is_over(at))])
    proof.editor, proof.at = editor, at
    proof.version += 1
    db.session.flush()


def put(slot: Slot) -> None:
    """Place a slot on the proof. One without a beginning takes the place of another without."""
    if slot.starts is None:
        here = (Slot.plate == PROOF, Slot.position == slot.position, Slot.starts.is_(None))
        db.session.execute(delete(Slot).where(*here))
    slot.plate = PROOF
    db.session.add(slot)
    db.session.flush()


def remove(slot_id: int) -> None:
    """Take a slot off the proof."""
    db.session.execute(delete(Slot).where(Slot.id == slot_id, Slot.plate == PROOF))


def swap(position: int, other: int) -> None:
    """Let two places change what stands in them."""
    for slot in slots_of(PROOF):
        slot.position = {position: other, other: position}.get(slot.position, slot.position)


def go_live(editor: str, at: datetime, whatever: bool = False) -> None:
    """Let readers have the proof. Raises StaleProof when another went live meanwhile, unless that is to be replaced whatever it is."""
    proof, live = plate(PROOF), plate(LIVE) or Plate(name=LIVE, version=0)
    if proof is None:
        return
    if proof.based_on != live.version and not whatever:
        raise StaleProof
    db.session.execute(delete(Slot).where(Slot.plate == LIVE))
    db.session.add_all([live, *(slot.copied(LIVE) for slot in slots_of(PROOF))])
    live.version, live.editor, live.at = live.version + 1, editor, at
    throw_away()
    touch(TOUCHED)


def throw_away() -> None:
    """Let the proof go; the front page stays as it is."""
    db.session.execute(delete(Slot).where(Slot.plate == PROOF))
    db.session.execute(delete(Plate).where(Plate.name == PROOF))


def differences() -> int:
    """In how many slots the proof is another than what is live."""
    if plate(PROOF) is None:
        return 0
    return len({slot.says() for slot in slots_of(PROOF)} ^ {slot.says() for slot in slots_of(LIVE)})
