"""What tests of files ask again and again: are two arrays the same bits, and does a call fail with this very sentence?"""

import re

import pytest


def alike(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def fails(kind, text, call, *arguments, **settings):
    with pytest.raises(kind, match=f"^{re.escape(text)}\\Z"):
        call(*arguments, **settings)
