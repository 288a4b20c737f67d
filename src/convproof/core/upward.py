"""The few methods whose work is done further up in the house, and where it is done; and the verbs of the public face.

A Layer knows nothing of explaining, a Trace nothing of screens; yet ``layer.why(x)`` and ``print(trace)`` must work. Those methods
look their function up here at the first call, and so does the package for ``convproof.check``, which a user who only runs a network never
loads. This is the only place that imports our own modules by name.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

TABLE = {
    "check": "convproof.checking.check:check",
    "golden": "convproof.checking.golden:golden",
    "Report": "convproof.checking.report:Report",
    "Layer.why": "convproof.explaining.why:why_layer",
    "Layer.read_array": "convproof.formats.arrays:read_array",
    "Network.save": "convproof.formats.save:save_network",
    "Network.load_weights": "convproof.formats.save:load_weights",
    "Trace.why": "convproof.explaining.why:why_trace",
    "Trace.save": "convproof.formats.save:save_trace",
    "Trace.text": "convproof.show.trace:text",
    "Trace.html": "convproof.show.html:trace",
    "Summary.text": "convproof.show.summary:text",
    "Summary.html": "convproof.show.html:summary",
    "Report.text": "convproof.show.check:text",
    "Report.complaint": "convproof.show.check_meaning:complaint",
    "Report.to_dict": "convproof.show.check_record:report",
    "Report.html": "convproof.show.check_html:notebook",
    "Derivation.text": "convproof.show.derivation:text",
    "Derivation.exercise": "convproof.show.derivation:exercise",
    "Derivation.latex": "convproof.show.latex:derivation",
    "Derivation.html": "convproof.show.html:derivation",
    "Derivation.to_dict": "convproof.show.records:derivation",
    "Derivation.agrees": "convproof.explaining.compare:agrees",
    "Derivation.compare": "convproof.explaining.compare:compare",
}


@cache
def reach(method: str) -> Callable[..., Any]:
    """The function that does the work of ``method``, for example ``reach("Layer.why")``."""
    module, _, function = TABLE[method].partition(":")
    return getattr(import_module(module), function)  # type: ignore[no-any-return]
