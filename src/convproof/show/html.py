"""What notebooks show: the same texts and tables as HTML, every word of them escaped."""

from html import escape

from convproof.core.derivation import Derivation
from convproof.network.summary import Summary
from convproof.network.trace import Trace
from convproof.show import derivation as derivation_text
from convproof.show import summary as summary_text
from convproof.show import trace as trace_text
from convproof.show.pictures import feature_maps

_PRE = '<pre style="line-height:1.25;white-space:pre;overflow-x:auto">'


def derivation(derivation: Derivation) -> str:
    """The hand calculation."""
    head, *rest = derivation_text.text(derivation).split("\n")
    return f"<details open><summary><code>{escape(head)}</code></summary>{_PRE}{escape(chr(10).join(rest))}</pre></details>"


def trace(trace: Trace) -> str:
    """One section a stage, the last one open."""
    names = list(trace)
    return "".join(_section(trace, name, name == names[-1]) for name in names)


def _section(trace: Trace, name: str, is_open: bool) -> str:
    head, *rest = trace_text.stage(trace, name)
    state = " open" if is_open else ""
    pictures = feature_maps(trace[name], name in channels_last(trace), len(trace))
    return f"<details{state}><summary><code>{escape(head)}</code></summary>{pictures}{_PRE}{escape(chr(10).join(rest))}</pre></details>"


def channels_last(trace: Trace) -> set[str]:
    """The stages of an input's preparation that are images N, H, W, C."""
    return {f"{name}.{stage.name}" for name, batch in trace.before.items() for stage in batch.stages if stage.layout.endswith("C")}


def summary(summary: Summary) -> str:
    """The table, and the totals under it."""
    head = "".join(f"<th>{escape(title.text())}</th>" for title in summary_text.COLUMNS)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in summary_text.cells(row)) + "</tr>" for row in summary.rows)
    foot = "<br>".join(escape(sentence.text()) for sentence in summary_text.totals(summary))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{foot}</p>"
