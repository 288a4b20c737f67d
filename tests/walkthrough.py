"""The walkthrough's images and network, typed in by hand, for tests."""

import numpy as np

import convproof as cp

IMAGE_A = np.array([[[r, r, r], [10 * r, r, r], [r, r, r], [r, r, r], [r, r, r]] for r in range(1, 6)], np.uint8)
IMAGE_B = np.ones((5, 5, 3), np.uint8)
X = IMAGE_A.transpose(2, 0, 1)[None].astype(np.float32)
BATCH = np.stack([IMAGE_A, IMAGE_B]).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)


def conv() -> cp.Conv2d:
    layer = cp.Conv2d(3, 1, kernel_size=3)
    layer.weight, layer.bias = np.ones((1, 3, 3, 3)), [1]
    return layer


def network() -> cp.Sequential:
    return cp.Sequential(conv1=conv(), bn1=cp.BatchNorm2d(1), relu=cp.ReLU())
