"""A check as JUnit XML, which GitLab, Jenkins and GitHub's actions read: one test case for each row, and for each layer not judged.

passed    the verdict is better than what the check fails on; its figures stand in system-out
failure   it is not: the worst cell, both values, the bound, the command that explains it
skipped   nothing was claimed of this layer, nor of one that it is judged with

A CI tells test cases apart by classname and name, so the classname ends in the model's.
"""

import re
from xml.etree import ElementTree

from convproof.checking.report import VERDICTS, Report, Row, Verdict
from convproof.core.sentence import say
from convproof.show.check_meaning import of_row, unjudged
from convproof.show.check_words import asked, numbers, place, share, titled, verdict

CLASS = "convproof.check"


def junit(report: Report, fail_on: Verdict = "undecided", seconds: float = 0.0, model: str = "") -> bytes:
    """The file's bytes, UTF-8. ``fail_on`` is the mildest verdict that fails; ``seconds`` is how long the check took; ``model`` is the
    model's file or name.
    """
    classname = class_of(model)
    bad = VERDICTS.index(fail_on)
    failed = [VERDICTS.index(row.verdict) >= bad for row in report.rows]
    missing = unjudged(report)
    counts = {
        "name": classname,
        "tests": str(len(report.rows) + len(missing)),
        "failures": str(sum(failed)),
        "errors": "0",
        "skipped": str(len(missing)),
        "time": f"{seconds:.3f}",
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", counts)
    several = len(asked(report)) > 1
    for row, fails in zip(report.rows, failed, strict=True):
        _tell(_case(suite, classname, titled(row, several)), report, row, fails)
    for name in missing:
        ElementTree.SubElement(_case(suite, classname, name), "skipped", {"message": str(say("nothing was claimed of it"))})
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def class_of(model: str) -> str:
    """The classname for a model: convproof.check.net_py_make for net.py:make. A point would begin another class."""
    word = re.sub(r"\W+", "_", model).strip("_")
    return f"{CLASS}.{word}" if word else CLASS


def _case(suite: ElementTree.Element, classname: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", {"classname": classname, "name": legal(name), "time": "0.000"})


def _tell(case: ElementTree.Element, report: Report, row: Row, failed: bool) -> None:
    if failed:
        claimed, exact = numbers(row)
        message = say(
            "{verdict}: {claimed} at {cell}, where {exact} is right", verdict=verdict(row), claimed=claimed, cell=place(row), exact=exact
        )
        failure = ElementTree.SubElement(case, "failure", {"type": row.verdict, "message": legal(str(message))})
        failure.text = legal("\n".join(map(str, of_row(report, row))))
    else:
        ElementTree.SubElement(case, "system-out").text = legal(f"{verdict(row)}\n{_figures(row)}")


def _figures(row: Row) -> str:
    if row.worst is None:
        return ""
    return str(
        say(
            "worst cell: {proof} of the proof line, {usual} of the usual line",
            proof=share(row.worst.of_proof),
            usual=share(row.worst.of_usual),
        )
    )


def legal(text: str) -> str:
    """A text without the characters that XML 1.0 has no way to write."""
    return "".join(c if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" else "?" for c in text)
