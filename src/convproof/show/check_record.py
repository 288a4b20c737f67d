"""A check as plain data for JSON: keys are stable, and counted by SCHEMA_VERSION; texts are English, NaN and infinities strings."""

from typing import Any

from convproof.checking.report import Report, Row
from convproof.core.languages import ENGLISH
from convproof.core.sentence import spoken
from convproof.show.check_meaning import meaning
from convproof.show.check_words import explaining
from convproof.show.records import SCHEMA_VERSION, plain


def report(report: Report) -> dict[str, Any]:
    """Everything that a check says; the rows stand in the order in which they were judged."""
    return {
        "schema_version": SCHEMA_VERSION,
        "judged": spoken(report.judged, ENGLISH),
        "ok": report.ok,
        "first_wrong": report.first_wrong,
        "covered": list(report.covered),
        "unclaimed": list(report.unclaimed),
        "settles": list(report.settles),
        "missing": [sentence.text(ENGLISH) for sentence in report.missing],
        "outliers": [sentence.text(ENGLISH) for sentence in report.outliers],
        "meaning": [sentence.text(ENGLISH).strip() for sentence in meaning(report)],
        "rows": [row(report, one) for one in report.rows],
    }


def row(report: Report, row: Row) -> dict[str, Any]:
    """One row; ``explain`` is the command that shows how the right number of its worst cell comes about."""
    return {
        "name": row.name,
        "kind": row.kind,
        "described": spoken(row.described, ENGLISH),
        "whose": spoken(row.whose, ENGLISH),
        "verdict": row.verdict,
        "usual": row.usual,
        "proved": row.proved,
        "born": row.born,
        "inherited": row.inherited,
        "precision": row.precision,
        "segment": list(row.segment),
        "resolution": spoken(row.resolution, ENGLISH),
        "cells": row.cells,
        "beyond": row.beyond,
        "worst": worst(row),
        "notes": [note.text(ENGLISH) for note in row.notes],
        "explain": explaining(report, row),
    }


def worst(row: Row) -> dict[str, Any] | None:
    """The worst cell: both numbers, their distance, the lines, and the distance in units of each."""
    found = row.worst
    if found is None:
        return None
    figures = ("claimed", "exact", "gap", "proof", "usual", "of_proof", "of_usual", "ulps")
    return {"cell": list(found.cell)} | {name: plain(float(getattr(found, name))) for name in figures}
