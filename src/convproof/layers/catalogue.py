"""The list of layers. A new layer is one more line here, and nothing else in the house has to know of it."""

from convproof.core.layer import Layer as _Layer
from convproof.layers.batchnorm.layer import BatchNorm2d as BatchNorm2d
from convproof.layers.conv.layer import Conv2d as Conv2d
from convproof.layers.join.layer import Concat as Concat
from convproof.layers.linear.layer import Linear as Linear
from convproof.layers.pointwise.binary import Add as Add
from convproof.layers.pointwise.layer import ReLU as ReLU
from convproof.layers.pool.layer import AvgPool2d as AvgPool2d
from convproof.layers.pool.layer import MaxPool2d as MaxPool2d
from convproof.layers.reshape.layer import Flatten as Flatten
from convproof.layers.softmax.layer import Softmax as Softmax

LAYERS: dict[str, type[_Layer]] = {
    name: value for name, value in dict(vars()).items() if isinstance(value, type) and issubclass(value, _Layer) and value is not _Layer
}
