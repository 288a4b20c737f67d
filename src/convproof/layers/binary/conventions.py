"""What frameworks call the layers of several inputs. The trap of all: along which axes a shorter array is laid beside a longer one."""

from convproof.core.records import Convention

OLD = "before opset 7 it broadcasts only with broadcast=1, along an axis that the node names"
CHANNELS = "Keras keeps channels last, so a vector lies along them there; here it lies along the width"

CONVENTIONS = {
    "Add": (
        Convention("torch", "add", note="alpha scales the second input"),
        Convention("onnx", "Add", note=OLD),
        Convention("onnx", "Sum", note="of one input or more"),
        Convention("keras", "Add", note=CHANNELS),
        Convention("caffe", "Eltwise", note="operation SUM; coeff scales each input"),
    ),
    "Sub": (
        Convention("torch", "sub", note="alpha scales the second input; rsub exchanges the two"),
        Convention("onnx", "Sub", note=OLD),
        Convention("keras", "Subtract", note=CHANNELS),
        Convention("caffe", "Eltwise", note="operation SUM with coeff 1 and -1"),
    ),
    "Mul": (
        Convention("torch", "mul"),
        Convention("onnx", "Mul", note=OLD),
        Convention("keras", "Multiply", note=CHANNELS),
        Convention("caffe", "Eltwise", note="operation PROD"),
    ),
    "Div": (
        Convention("torch", "div", note="integers become floats, unless rounding_mode says how the quotient is made whole"),
        Convention("onnx", "Div", note=f"integers are cut off towards zero; {OLD}"),
        Convention("keras", "ops.divide"),
    ),
    "Max": (
        Convention("torch", "maximum"),
        Convention("onnx", "Max", note="of one input or more; before opset 8 all of one shape"),
        Convention("keras", "Maximum"),
        Convention("caffe", "Eltwise", note="operation MAX"),
    ),
    "Min": (
        Convention("torch", "minimum"),
        Convention("onnx", "Min", note="of one input or more; before opset 8 all of one shape"),
        Convention("keras", "Minimum"),
    ),
    "Pow": (
        Convention("torch", "pow"),
        Convention("onnx", "Pow", note=f"the result has the type of the base; {OLD}"),
        Convention("keras", "ops.power"),
    ),
    "Mean": (
        Convention("torch", "mean", note="of a stack of arrays, along the new axis"),
        Convention("onnx", "Mean", note="of one input or more; before opset 8 all of one shape"),
        Convention("keras", "Average"),
    ),
}
