"""Telling what a file would change, and changing it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from rest.configuration.commands.reading import asked
from rest.configuration.importing import Imported, bring_about
from rest.configuration.sentences import calls_in_words, sentences, touched
from rest.configuration.waiting import NotLive, lines_of, wait_until_live
from rest.envelope import Invalid

DIFFERENT = 2  # exit codes, beside 0 (done) and 1 (nothing was changed)
NOT_LIVE = 3


def apply(options: dict[str, Any], *, dry_run: bool) -> Imported:
    """Bring the configuration to what the files say, or only find out what that would change.

    :raises CommandError: naming what cannot be; nothing is changed then
    """
    wanted = asked(options)
    try:
        with transaction.atomic():
            imported = bring_about(wanted.document, wanted.context, wanted.keys)
            transaction.set_rollback(dry_run)
    except Invalid as refusal:
        lines = [f"{fault.target}: {fault.message}" for fault in refusal.faults]
        raise CommandError("\n".join(["Nothing was changed.", *lines])) from refusal
    return imported


def tell(command: BaseCommand, imported: Imported, *, done: bool, in_json: bool, tell_change: Callable[[Any, Imported], list[str]]) -> None:
    """Write what was or would be changed."""
    if in_json:
        command.stdout.write(json.dumps(_as_json(imported, done=done), ensure_ascii=False))
        return
    for change in imported.changes:
        for line in tell_change(change, imported):
            command.stdout.write(line)
    for note in imported.notes:
        command.stderr.write(note)
    count = len(imported.changes)
    command.stdout.write(f"{count} changes were made." if done else f"{count} changes would be made.")


def in_lines(change: Any, _imported: Imported) -> list[str]:
    """Return a change as its sign and place."""
    return [str(change)]


def in_sentences(change: Any, imported: Imported) -> list[str]:
    """Return a change in sentences, with the calls that it touches."""
    calls = touched(change, imported)
    lines = [f"{change.sign} {sentence}" for sentence in sentences(change)]
    return [*lines, f"  {calls_in_words(calls)}"] if calls else lines


def wait(imported: Imported, seconds: int) -> None:
    """Wait until everything is live on every gateway that is connected.

    :raises CommandError: with the exit code :data:`NOT_LIVE` if it is not, or a gateway refuses it
    """
    try:
        wait_until_live(lines_of(imported.at, after=imported.after), seconds)
    except NotLive as refusal:
        raise CommandError(str(refusal), returncode=NOT_LIVE) from refusal


def _as_json(imported: Imported, *, done: bool) -> dict[str, Any]:
    return {
        "applied": done,
        "changes": [str(change) for change in imported.changes],
        "sentences": [sentence for change in imported.changes for sentence in sentences(change)],
        "deletions": [str(change)[2:] for change in imported.changes if change.sign == "-"],
        "touched": {str(change): calls for change in imported.changes if (calls := touched(change, imported))},
        "notes": imported.notes,
    }
