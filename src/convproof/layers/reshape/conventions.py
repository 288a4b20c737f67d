"""What frameworks call these layers, by our name. The traps: the order in which channels-last frameworks count, and torch's transpose."""

from convproof.core.records import Convention, Setting

CHANNELS_LAST = "with N, H, W, C every axis number means another axis: 3 there is 1 here"


CONVENTIONS = {
    "Flatten": (
        Convention("torch", "Flatten", (Setting("start_dim", "start_dim", 1), Setting("end_dim", "end_dim", -1))),
        Convention("onnx", "Flatten", (Setting("start_dim", "axis", 1),), note="always two axes: everything before axis, everything after"),
        Convention("keras", "Flatten", note="N, H, W, C flattens in the order h, w, c: permute the weight of the Linear that follows"),
        Convention("caffe", "Flatten", (Setting("start_dim", "axis", 1), Setting("end_dim", "end_axis", -1))),
    ),
    "Unflatten": (
        Convention("torch", "Unflatten"),
        Convention("onnx", "Reshape"),
        Convention("keras", "Reshape", note="target_shape leaves out the batch axis"),
    ),
    "Reshape": (
        Convention("torch", "reshape", (Setting("shape", "shape"),), note="a size 0 is an axis without cells: allowzero=True here"),
        Convention("onnx", "Reshape", (Setting("shape", "shape"), Setting("allowzero", "allowzero", 0))),
        Convention("keras", "Reshape", (Setting("shape", "target_shape"),), note="target_shape leaves out the batch axis"),
        Convention("caffe", "Reshape", (Setting("shape", "shape"),)),
    ),
    "Permute": (
        Convention("torch", "permute", (Setting("dims", "dims"),)),
        Convention("onnx", "Transpose", (Setting("dims", "perm"),), note="without perm the axes are reversed"),
        Convention("keras", "Permute", (Setting("dims", "dims"),), note="dims leaves out the batch axis and counts the others from 1"),
        Convention("caffe", "Permute", (Setting("dims", "order"),), note="of SSD's Caffe"),
    ),
    "Transpose": (
        Convention("torch", "transpose", (Setting("dim0", "dim0"), Setting("dim1", "dim1")), note="NumPy's transpose is Permute here"),
        Convention("onnx", "Transpose", note="perm names all axes: Permute here"),
        Convention("keras", "ops.swapaxes", (Setting("dim0", "axis1"), Setting("dim1", "axis2"))),
    ),
    "Squeeze": (
        Convention("torch", "squeeze", (Setting("dim", "dim"),), note="a named axis that is longer than 1 stays"),
        Convention(
            "onnx", "Squeeze", (Setting("dim", "axes"),), note="axes is an attribute before opset 13; an axis longer than 1 is an error"
        ),
        Convention("keras", "ops.squeeze", (Setting("dim", "axis"),)),
    ),
    "Unsqueeze": (
        Convention("torch", "unsqueeze", (Setting("dim", "dim"),)),
        Convention("onnx", "Unsqueeze", (Setting("dim", "axes"),), note="axes is an attribute before opset 13"),
        Convention("keras", "ops.expand_dims", (Setting("dim", "axis"),)),
    ),
    "Identity": (Convention("torch", "Identity"), Convention("onnx", "Identity"), Convention("keras", "Identity")),
    "PixelShuffle": (
        Convention("torch", "PixelShuffle"),
        Convention("onnx", "DepthToSpace", (Setting("upscale_factor", "blocksize"),), note="mode CRD; the default, DCR, is another order"),
        Convention("keras", "depth_to_space", note="tf.nn; the order is DCR: permute the channels of the layer before"),
    ),
    "PixelUnshuffle": (
        Convention("torch", "PixelUnshuffle"),
        Convention(
            "onnx", "SpaceToDepth", (Setting("downscale_factor", "blocksize"),), note="the order there is DCR: permute its channels"
        ),
        Convention("keras", "space_to_depth", note="tf.nn; the order is DCR: permute the channels of the layer after"),
    ),
    "DepthToSpace": (
        Convention("torch", "PixelShuffle", note="mode CRD"),
        Convention("onnx", "DepthToSpace", (Setting("blocksize", "blocksize"), Setting("mode", "mode", "DCR")), note="mode since opset 11"),
        Convention("keras", "depth_to_space", (Setting("blocksize", "block_size"),), note="tf.nn; mode DCR"),
    ),
    "SpaceToDepth": (
        Convention("torch", "PixelUnshuffle", note="mode CRD"),
        Convention("onnx", "SpaceToDepth", (Setting("blocksize", "blocksize"),), note="mode DCR"),
        Convention("keras", "space_to_depth", (Setting("blocksize", "block_size"),), note="tf.nn; mode DCR"),
    ),
    "ChannelShuffle": (
        Convention("torch", "ChannelShuffle"),
        Convention("onnx", "Reshape", note="a Reshape to (N, g, C/g, H, W), a Transpose of axes 1 and 2, and a Reshape back"),
        Convention("keras", "Reshape", note="Reshape to (H, W, g, C/g), Permute, Reshape back"),
        Convention("caffe", "ShuffleChannel", (Setting("groups", "group"),)),
    ),
    "Slice": (
        Convention("torch", "narrow", note="of one axis: start and length; without steps"),
        Convention(
            "onnx", "Slice", tuple(Setting(a, b) for a, b in (("starts", "starts"), ("ends", "ends"), ("dims", "axes"), ("steps", "steps")))
        ),
        Convention("keras", "ops.slice", note="a start and a length for every axis. " + CHANNELS_LAST),
        Convention("caffe", "Crop", note="sizes come from a second input"),
    ),
    "Index": (
        Convention("torch", "__getitem__", note="slices, whole numbers, None and Ellipsis"),
        Convention("onnx", "Slice", note="then Squeeze and Unsqueeze"),
        Convention("keras", "__getitem__", note=CHANNELS_LAST),
    ),
    "Gather": (
        Convention("torch", "index_select", (Setting("dim", "dim"), Setting("indices", "index")), note="torch.gather is another operation"),
        Convention("onnx", "Gather", (Setting("indices", "indices"), Setting("dim", "axis", 0))),
        Convention("keras", "ops.take", (Setting("indices", "indices"), Setting("dim", "axis"))),
    ),
    "Split": (
        Convention("torch", "split", (Setting("split_size", "split_size_or_sections"), Setting("dim", "dim", 0))),
        Convention(
            "onnx", "Split", (Setting("split_size", "split"), Setting("dim", "axis", 0)), note="split is an attribute before opset 13"
        ),
        Convention("keras", "ops.split", (Setting("dim", "axis", 0),), note="takes the number of parts, or where they begin"),
        Convention("caffe", "Slice", (Setting("dim", "axis", 1),), note="slice_point says where parts begin; its Split only copies"),
    ),
    "Chunk": (
        Convention("torch", "chunk", (Setting("chunks", "chunks"), Setting("dim", "dim", 0)), note="may give fewer parts than asked for"),
        Convention("onnx", "Split", (Setting("chunks", "num_outputs"), Setting("dim", "axis", 0))),
        Convention("keras", "ops.array_split", (Setting("chunks", "indices_or_sections"), Setting("dim", "axis", 0)), note="evens out"),
    ),
    "Unbind": (
        Convention("torch", "unbind", (Setting("dim", "dim", 0),)),
        Convention("onnx", "Split", note="then Squeeze"),
        Convention("keras", "ops.unstack", (Setting("dim", "axis", 0),)),
    ),
    "Expand": (
        Convention("torch", "expand", (Setting("shape", "size"),), note="an axis that is longer than 1 must keep its size"),
        Convention("onnx", "Expand", (Setting("shape", "shape"),), note="a size 1 keeps the input's axis"),
        Convention("keras", "ops.broadcast_to", (Setting("shape", "shape"),)),
    ),
    "Tile": (
        Convention("torch", "repeat", (Setting("repeats", "repeats"),)),
        Convention("onnx", "Tile", (Setting("repeats", "repeats"),)),
        Convention("keras", "ops.tile", (Setting("repeats", "repeats"),)),
    ),
    "Flip": (
        Convention("torch", "flip", (Setting("dims", "dims"),)),
        Convention("onnx", "Slice", note="with steps of -1"),
        Convention("keras", "ops.flip", (Setting("dims", "axis"),)),
    ),
    "Roll": (
        Convention("torch", "roll", (Setting("shifts", "shifts"), Setting("dims", "dims"))),
        Convention("onnx", "Concat", note="of two slices"),
        Convention("keras", "ops.roll", (Setting("shifts", "shift"), Setting("dims", "axis"))),
    ),
}
