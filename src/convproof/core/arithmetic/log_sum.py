"""How rounding enters the logarithm of a sum of exponentials.

    log(s)        s = sum over n numbers of exp(x_j - m), m the largest of them: s lies between 1 and n, log(s) between 0 and ln n

With u the unit roundoff and v = u*(ln n + n + 3) + 2n*tiny:

    the sum        is off by a factor within exp(v + v^2): u*D for the differences, 4u for the exponentials, (n - 1)*u for the additions,
                   2*tiny for every exponential that underflows; D, the mean of m - x_j by their shares of the sum, is at most ln n. That
                   adds as much to its logarithm
    the logarithm  is itself off by 8u*log(s), 4 units in the last place (NumPy's is within 3.9, PyTorch's within 1)

    E = (v + v^2)*(1 + 8u) + 8u*ln n
"""

import numpy as np

from convproof.core.formats import NumberFormat

LOG = 8  # units of u by which a logarithm may be off


def errors_of_log_sum(n: int, arithmetic: NumberFormat) -> tuple[float, float]:
    """The two parts of E: what the sum brings, and the logarithm."""
    most = float(np.log(max(n, 1)))
    v = arithmetic.u * (most + n + 3) + 2 * n * arithmetic.tiny
    return (v + v**2) * (1 + LOG * arithmetic.u), LOG * arithmetic.u * most
