"""The two nets: a small one that names most glyphs, a large one for those that the small one is not sure of."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import glyphs as G

SIDE_MEAN = [0.65, 0.5, 0.5]
SIDE_SCALE = 4.0
# (outputs, kernel, stride) of the convolutions, then the width of the hidden layer.
SMALL = ([(16, 5, 2), (32, 3, 2), (64, 3, 2)], 96)
LARGE = ([(32, 5, 2), (48, 3, 2), (80, 3, 1), (112, 3, 2)], 128)


class Net(nn.Module):
    """28 x 28 and three side numbers -> classes and rejects."""

    def __init__(self, plan):
        super().__init__()
        convs, hidden = plan
        layers, before, side = [], 1, G.SIDE
        for out, kernel, stride in convs:
            layers.append(nn.Sequential(nn.Conv2d(before, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU()))
            before, side = out, (side + 2 * (kernel // 2) - kernel) // stride + 1
        self.convs = nn.ModuleList(layers)
        self.fc1 = nn.Linear(side * side * before + 3, hidden)
        self.fc2 = nn.Linear(hidden, G.OUTPUTS)

    def forward(self, x, side, drop=0.0):
        for conv in self.convs:
            x = conv(x)
        x = x.permute(0, 2, 3, 1).reshape(len(x), -1)  # the Rust side keeps channels last
        x = torch.cat([x, side.to(x.dtype)], 1)
        x = F.dropout(x, drop, self.training)
        return self.fc2(F.relu(self.fc1(x))).float()


def tensors(images, sides):
    """uint8 [n, 28, 28] and float [n, 3] as the nets take them."""
    x = torch.from_numpy(images).float().div_(255).view(-1, 1, G.SIDE, G.SIDE).to(memory_format=torch.channels_last)
    return x, ((torch.from_numpy(sides) - torch.tensor(SIDE_MEAN)) * SIDE_SCALE).clamp(-3, 3)


@torch.no_grad()
def logits_of(net, images, sides):
    net.eval()
    out = [net(*tensors(images[i : i + 512], sides[i : i + 512])) for i in range(0, len(images), 512)]
    net.train()
    return torch.cat(out)


def multiply_adds(plan):
    convs, hidden = plan
    total, before, side = 0, 1, G.SIDE
    for out, kernel, stride in convs:
        side = (side + 2 * (kernel // 2) - kernel) // stride + 1
        total += side * side * kernel * kernel * before * out
        before = out
    return total + (side * side * before + 3) * hidden + hidden * G.OUTPUTS
