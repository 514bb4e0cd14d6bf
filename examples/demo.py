"""Train LeNet-5 on MNIST, read one digit, and ask two of the network's numbers how they were made."""

import sys
import time

from rich.console import Console
from rich.progress import Progress

import pellucid as pc

EPOCHS_LR = (0.05, 0.02, 0.005)  # a learning rate for each epoch
DIGIT = 18  # the test image that is looked at

sys.stdout.reconfigure(errors="replace")  # a terminal that has no block characters shows question marks
console = Console(highlight=False)


def drawn(image):
    """A grey picture as text: two rows of pixels in a line of half blocks."""
    ink = image > 0.35
    blocks = 2 * ink[::2] + ink[1::2]
    return ["".join(" ▄▀█"[block] for block in row) for row in blocks]


def train(model, images, test_images):
    optimizer = pc.SGD(lr=EPOCHS_LR[0], momentum=0.9)
    step = pc.TrainStep(model, optimizer, loss="cross_entropy")
    for epoch, optimizer.lr in enumerate(EPOCHS_LR):
        start, total = time.perf_counter(), 0.0
        batches = images.batches(64, seed=0, epoch=epoch)
        with Progress(
            console=console, transient=True, redirect_stderr=False, disable=not console.is_terminal
        ) as bar:
            for x, y in bar.track(batches, total=-(-len(images) // 64), description=f"epoch {epoch + 1}"):
                total += step(x, y) * len(x)
        seconds = time.perf_counter() - start
        accuracy = pc.evaluate(model, test_images)["accuracy"]
        figures = f"loss {total / len(images):.4f}   test accuracy {accuracy:.2%}"
        console.print(f"epoch {epoch + 1}/{len(EPOCHS_LR)}   {figures}   {seconds:.1f} s")
    return step


def look_at(model, image):
    chances = pc.predict(model, image[None])[0]
    picture = drawn(image[0, 4:24] / 255)  # MNIST's digits fill the middle: ten lines beside ten classes
    bars = [f"{digit}  {'━' * round(24 * chance):24}  {chance:7.2%}" for digit, chance in enumerate(chances)]
    for row, bar in zip(picture, bars, strict=True):
        console.print(f"  {row}    {bar}")
    console.print(f"\nThis is a {chances.argmax()}.")


def look_inside(step, x, y):
    recording = step.record(x, y)
    for address in ("conv1.output[0,5,14,13]", "grad(conv1.weight)[5,0,2,2]"):
        console.print(
            str(recording.explain(address)), "", sep="\n", markup=False, soft_wrap=not console.is_terminal
        )


pc.seed(0)
images, test_images = pc.datasets.mnist()
network = pc.models.lenet5()
console.rule("1. LeNet-5 learns MNIST")
trained = train(network, images, test_images)
console.rule(f"2. It reads test digit {DIGIT}")
look_at(network, test_images.images[DIGIT])
console.rule("3. Two of its numbers, in the open")
look_inside(trained, test_images.images[DIGIT][None] / 255, test_images.labels[DIGIT : DIGIT + 1])
