"""Why a number is what it is: the verb behind ``layer.why`` and ``trace.why``."""
