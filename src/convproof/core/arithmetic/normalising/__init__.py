"""What batch, layer, group and instance normalisation share.

Some numbers of x, a *row*, have one mean and one variance; every one of them is moved by the mean and divided by the root of the variance:

    y = gamma * (x - mean) / sqrt(var + eps) + beta

The layers differ in what a row is: a channel over the whole batch, a channel or a group of channels of one image, the last axes. A
room says so by the ``axes`` of x that a row runs over; all other axes count the rows. Mean, var, gamma and beta are arrays that broadcast
with x.
"""
