"""What frameworks call a dropout. The trap: the original paper kept what was left as it was and scaled in eval instead."""

from convproof.core.records import Convention, Setting

P = (Setting("p", "p", 0.5),)
FEATURES = Convention("onnx", "Dropout", note="ONNX drops single numbers only; in eval both are x")

CONVENTIONS = {
    "Dropout": (
        Convention("torch", "Dropout", P),
        Convention(
            "onnx",
            "Dropout",
            (Setting("p", "ratio", 0.5), Setting("seed", "seed")),
            note="drops only with training_mode; before version 12 the ratio is an attribute and nothing is dropped",
        ),
        Convention("keras", "Dropout", (Setting("p", "rate"), Setting("seed", "seed")), note="rate has no default"),
        Convention("caffe", "Dropout", (Setting("p", "dropout_ratio", 0.5),)),
        Convention("paddle", "Dropout", P, note="mode downscale_in_infer multiplies by 1 - p in eval instead"),
    ),
    "Dropout1d": (Convention("torch", "Dropout1d", P), FEATURES, Convention("keras", "SpatialDropout1D", (Setting("p", "rate"),))),
    "Dropout2d": (Convention("torch", "Dropout2d", P), FEATURES, Convention("keras", "SpatialDropout2D", (Setting("p", "rate"),))),
    "Dropout3d": (Convention("torch", "Dropout3d", P), FEATURES, Convention("keras", "SpatialDropout3D", (Setting("p", "rate"),))),
    "AlphaDropout": (Convention("torch", "AlphaDropout", P), FEATURES, Convention("keras", "AlphaDropout", (Setting("p", "rate"),))),
    "FeatureAlphaDropout": (
        Convention("torch", "FeatureAlphaDropout", P),
        FEATURES,
        Convention("keras", "AlphaDropout", (Setting("p", "rate"),), note="with a noise_shape of 1 along the axes of an image"),
    ),
}
