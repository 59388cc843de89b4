"""Writes networks.json: what torchvision's networks have and compute, from weights that a formula gives.

Independent of the crate: the networks are torchvision's own, the small forms are made of them by changing a stride or a
layer, and LeNet-5 is that of PyTorch's tutorial. Set-up: pip install torch==2.11.0 torchvision==0.26.0.
"""
import json
import pathlib

import torch
from torch import nn
from torchvision import models

torch.set_default_dtype(torch.float64)


def fill(shape, k):
    """Numbers in [-0.5, 0.5) that only depend on their place, in whole numbers but for the last division."""
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    return (((i * i * 31 + i * 17 + k * 1009) % 65521).double() / 65521 - 0.5).reshape(shape)


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv2(x).relu(), 2)
        return self.fc3(self.fc2(self.fc1(x.flatten(1)).relu()).relu())


def small_resnet(build, outputs, channels=3):
    model = build(num_classes=outputs)
    model.conv1 = nn.Conv2d(channels, 64, 3, 1, 1, bias=False)
    model.maxpool = nn.Identity()
    return model


def small_vgg(build, outputs):
    model = build(num_classes=outputs, dropout=0.0)
    model.avgpool, model.classifier = nn.AdaptiveAvgPool2d(1), nn.Linear(512, outputs)
    return model


def small_mobilenet(outputs):
    model = models.mobilenet_v2(num_classes=outputs, dropout=0.0)
    model.features[0][0].stride = (1, 1)
    model.features[2].conv[1][0].stride = (1, 1)
    return model


def layout(model):
    return [[name, list(weight.shape)] for name, weight in model.named_parameters()]


def computed(model, name, shape):
    """Logits, gradients and running statistics of two images, first as evaluated, then as trained."""
    weights = list(model.parameters())
    with torch.no_grad():
        for k, weight in enumerate(weights):
            if weight.dim() > 1:
                weight.copy_(fill(weight.shape, k) * (24 / weight[0].numel()) ** 0.5)
            else:
                weight.copy_(fill(weight.shape, k) + (1.0 if is_scale(model, k) else 0.0))
        for k, (key, buffer) in enumerate(statistics(model)):
            buffer.copy_(fill(buffer.shape, k + 500) * 0.5 + (1.0 if key.endswith("var") else 0.0))
    images = fill([2, *shape], 900) * 2
    with torch.no_grad():
        evaluated = model.eval()(images)
    trained = model.train()(images)
    (trained * fill(trained.shape, 901)).sum().backward()
    return dict(
        name=name, shape=shape, layout=layout(model), buffers=[key for key, _ in statistics(model)],
        evaluated=evaluated.tolist(), trained=trained.tolist(),
        gradients=[weight.grad.norm().item() for weight in weights],
        statistics=[buffer.norm().item() for _, buffer in statistics(model)],
    )


def statistics(model):
    return [(key, buffer) for key, buffer in model.named_buffers() if "running" in key]


def is_scale(model, k):
    """Whether the k-th weight is the scale of a batch norm."""
    name = list(model.named_parameters())[k][0]
    owner, _, part = name.rpartition(".")
    return part == "weight" and isinstance(model.get_submodule(owner), nn.BatchNorm2d)


def published(name, build, weights):
    """Layout at 1000 classes, and the published thousand millions of multiplications with addition for one image."""
    return dict(name=name, layout=layout(build()), giga_multiply_adds=weights.meta["_ops"])


torch.manual_seed(0)
answer = dict(
    computed=[
        computed(LeNet5(), "lenet5", [1, 28, 28]),
        computed(small_resnet(models.resnet18, 10), "resnet18", [3, 32, 32]),
        computed(small_resnet(models.resnet50, 7, channels=1), "resnet50", [1, 16, 12]),
        computed(models.resnet18(num_classes=5), "resnet18", [3, 70, 66]),
        computed(small_vgg(models.vgg11_bn, 10), "vgg11", [3, 32, 32]),
        computed(small_mobilenet(10), "mobilenet_v2", [3, 32, 32]),
        computed(models.mobilenet_v2(num_classes=5, dropout=0.0), "mobilenet_v2", [3, 70, 66]),
    ],
    published=[
        published("vgg11", models.vgg11_bn, models.VGG11_BN_Weights.IMAGENET1K_V1),
        published("vgg16", models.vgg16_bn, models.VGG16_BN_Weights.IMAGENET1K_V1),
        published("resnet18", models.resnet18, models.ResNet18_Weights.IMAGENET1K_V1),
        published("resnet34", models.resnet34, models.ResNet34_Weights.IMAGENET1K_V1),
        published("resnet50", models.resnet50, models.ResNet50_Weights.IMAGENET1K_V1),
        published("mobilenet_v2", models.mobilenet_v2, models.MobileNet_V2_Weights.IMAGENET1K_V1),
    ],
)
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(answer) + "\n")
