"""The networks of `pellucid.nn.models` as tests run them: the large ones on small images."""

SETTINGS = {
    "alexnet": {"image_size": 63},
    "vgg11": {"image_size": 32},
    "vgg16": {"image_size": 32},
    "unet": {"width": 4, "depth": 3},
}
INPUTS = {  # what one image is
    "lenet5": (1, 28, 28),
    "mnist_cnn": (1, 28, 28),
    "vgg_small": (3, 32, 32),
    "resnet20": (3, 32, 32),
    "resnet18": (3, 17, 9),
    "alexnet": (3, 63, 63),
    "vgg11": (3, 32, 32),
    "vgg16": (3, 32, 32),
    "tiny": (3, 13, 9),
    "resnet50": (3, 49, 33),
    "densenet121": (3, 65, 34),
    "squeezenet": (3, 35, 41),
    "googlenet": (3, 49, 70),
    "mobilenet_v2": (3, 65, 41),
    "mobilenet_v3_small": (3, 65, 41),
    "efficientnet_b0": (3, 41, 65),
    "shufflenet_v2": (3, 65, 41),
    "convnext_tiny": (3, 64, 32),
    "unet": (3, 12, 20),
}
