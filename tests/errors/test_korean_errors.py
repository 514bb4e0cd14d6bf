"""Real errors of every room in Korean: nothing English is left in them but names, quoted text and numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.support.error_sentences import english

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import PellucidError

LINES = (Path(__file__).parents[1] / "support" / "wrong_arguments.txt").read_text("utf-8").splitlines()
ARRAYS = {"x": lambda *shape: np.ones(shape, np.float32), "i": lambda *shape: np.zeros(shape, np.int64)}
CALLS = """
pc.Augment(crop=-1)
pc.Augment(crop=1, resized_crop=(0.5, 1))
pc.Augment(ratio=3)
pc.Augment(ratio=(1, 2))
pc.Augment(hue=1)
pc.Augment.from_text(3)
pc.Augment.from_text("flop")
pc.Augment.from_text("flip; flip")
pc.Augment.from_text("crop")
pc.Augment.from_text("ratio 1")
pc.Augment(crop=4).batch(x(2, 3, 4, 5), [0])
pc.Augment(rotate=4, padding_mode="reflect").batch(x(2, 3, 1, 5), [0])
pc.Augment(contrast=1).batch(x(2, 2, 4, 5), [0])
pc.Augment().batch(x(3, 4, 5), [0])
pc.Augment().batch(x(2, 3, 4, 5), [[0]])
pc.Augment().batch(x(2, 3, 4, 5), [2])
pc.Augment().batch(x(2, 3, 4, 5), [0], scale=x(2))
pc.Augment().batch(x(2, 3, 4, 5), [0], shift=[0, 0, float("inf")])
pc.Augment().batch(x(2, 3, 4, 5), [0], out=3)
pc.Augment().targets(i(4), [0], 0)
pc.Augment().targets(i(4) + 7, [0], 5)
pc.Augment().targets(x(4), [0], 5)
pc.Augment().sources(x(2, 3, 4, 5), 0, (1, 2))
pc.Augment().sources(x(2, 3, 4, 5), 0, (1, 2, 5))
pc.sklearn.CNNClassifier(random_state=-1).fit(x(4, 9), [0, 1, 0, 1])
pc.sklearn.CNNClassifier(image_shape=3).fit(x(4, 9), [0, 1, 0, 1])
pc.sklearn.CNNClassifier(image_shape=(1, 2, 3)).fit(x(4, 9), [0, 1, 0, 1])
pc.sklearn.CNNClassifier(model=5).fit(x(4, 9), [0, 1, 0, 1])
pc.sklearn.CNNClassifier("flatten; dense 7").fit(x(4, 9), [0, 1, 0, 1])
pc.sklearn.CNNClassifier().fit(x(4, 64), [0, 1, 0, 1])
pc.Conv2d(0, 4, 3)
pc.Conv2d(3, 4, 3, groups=2)
pc.Conv2d(3, 4, 3, padding_mode="wrap")
pc.Conv2d(3, 4, 3, device="cuda")
pc.Conv2d(3, 4)
pc.Conv2d(3, 4, 3, 1, 0, 1, 1, True, "zeros", False, 5)
pc.Conv2d(3, 4, 3)(x(1, 4, 6, 6))
pc.Conv2d(3, 4, 3)(x(1, 6, 6, 3))
pc.Conv2d(3, 4, 3)(x(1, 3, 2, 2))
pc.Conv2d(3, 4, 3)(None)
pc.Conv2d(3, 4, 3)([[1, 2], [3]])
pc.Conv2d(3, 4, 3)(np.ma.masked_equal(x(1, 3, 6, 6), 1))
pc.Conv2d(3, 4, 3)(x(1, 3, 6, 6) + 1j)
pc.Conv2d(3, 4, 3)(x(1, 3, 6, 6), x(1))
pc.Conv2d(3, 4, 3)(np.full((1, 3, 6, 6), 1e39))
pc.Linear("four", 4)
pc.Linear(4, 2**40)
pc.BatchNorm2d(4, momentum="much")
pc.BatchNorm2d(4)(x(1, 5, 2, 2))
pc.Dropout(2)
pc.MaxPool2d(3, padding=2)
pc.Sequential(3)
pc.Sequential([pc.ReLU()])
pc.lenet5().astype("int8")
pc.lenet5().load_state_dict({})
pc.lenet5().load_state_dict(3)
pc.Linear(2, 2).load_state_dict({"weight": x(3, 3), "bias": x(5)})
pc.Linear(2, 2).load_state_dict({"weight": x(3, 3)}, strict=False)
pc.Linear(2, 2).load_state_dict({}, strict="no")
pc.load_weights("gone")
pc.load_weights(".")
pc.load_weights(np.__file__)
pc.save_weights("w.bin", {})
pc.save_weights("w.npz", {"a": "text"})
pc.save_weights("w.npz", {"a": x(1)}, classes=["x" * 70000])
pc.evaluate(pc.Linear(2, 2), (x(3, 2), i(3)), loss="mse_loss", ignore_index=0)
pc.evaluate(pc.Linear(2, 2), (x(3, 2), i(3)), ignore_index=0)
pc.evaluate(pc.Linear(2, 2), (x(3, 2), x(3, 2)), ignore_index=0)
pc.evaluate(pc.Linear(2, 2), pc.Dataset(x(3, 2), targets=x(3)), loss="cross_entropy")
pc.Module()(x(1))
pc.seed(-1)
pc.set_num_threads(0)
pc.summary(pc.lenet5(), (0, 1))
pc.summary(3, (1, 1))
setattr(pc.Linear(2, 2).weight, "requires_grad", 1)
pc.Linear(2, 2).weight[0].requires_grad_(False)
network(lambda x: np.exp(x))(x(1, 2))
network(lambda x: (x, 1.5))(x(1, 2))
network(lambda x: None)(x(1, 2))
network(lambda x: x)(np.zeros(()))
network(lambda x: x)(**{"x": np.zeros((1, 2)), "z": 3})
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1), lambda output, y: output)(x(1, 2), x(1, 2))
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1), lambda output, y: 1.0)(x(1, 2), x(1, 2))
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1), lambda output, y: F.mse_loss(y, y * 2))(x(1, 2), x(1, 2))
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1), lambda output, y: F.mse_loss(output, y))(x(1, 2), ())
network(lambda x: x.size_of_it)(x(1, 2))
network(lambda x: F.softmax(x, dim=2))(x(2, 2))
network(lambda x: F.sum(x, (0, 0)))(x(2, 2))
network(lambda x: F.mean(x, "all"))(x(2, 2))
network(lambda x: F.var(x, 0, True, correction=1))(x(2, 2))
F.amax(x(0, 2), 0)
F.dropout2d(x(2, 2))
F.stochastic_depth(x(), 0.5, "row")
F.cosine_similarity(x(2, 3), x(2, 1))
pc.Softmax2d()(x(2, 2))
network(lambda x: F.lp_pool1d(x, float("inf"), 2))(x(2, 2, 2))
pc.TrainStep(3, pc.SGD(0.1))
pc.TrainStep(pc.lenet5(), "sgd")
pc.TrainStep(pc.lenet5(), pc.SGD(0.1), loss="hinge")
pc.TrainStep(pc.Sequential(pc.ReLU()), pc.SGD(0.1))
pc.TrainStep(pc.lenet5(), pc.SGD(0.1))(x(0, 1, 28, 28), i(0))
pc.TrainStep(pc.lenet5(), pc.SGD(0.1))(x(2, 1, 28, 28), x(2) / 2)
pc.TrainStep(pc.lenet5(), pc.SGD(0.1))(x(2, 1, 28, 28), i(3))
pc.TrainStep(pc.lenet5(), pc.SGD(0.1))(x(2, 1, 28, 28), i(2) + 10)
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1)).load_state_dict({"mean(bias)": x(2)})
pc.TrainStep(pc.Linear(2, 2, False), pc.SGD(0.1, 0.5)).load_state_dict({"steps": 1, "velocity(weight)": x(3)})
pc.TrainStep(pc.lenet5(), pc.SGD(0.1))(x(2, 1, 28, 28), x(2, 9))
pc.TrainStep(pc.lenet5(), pc.SGD(0.1), pc.CrossEntropyLoss(ignore_index=255))(x(2, 1, 28, 28), i(2) + 10)
pc.TrainStep(pc.lenet5(), pc.SGD(0.1), pc.CrossEntropyLoss(ignore_index=255))(x(2, 1, 28, 28), x(2, 10))
pc.TrainStep(pc.lenet5(), pc.SGD(0.1), pc.CrossEntropyLoss(x(9)))(x(2, 1, 28, 28), i(2))
pc.CrossEntropyLoss(x(2, 2))
pc.CrossEntropyLoss(label_smoothing=2)
setattr(pc.CrossEntropyLoss(), "label_smoothing", 0)
pc.SGD(0.1, decay_vectors=2)
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1), ema=1)
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1), clip_norm=0)
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1)).averaged()
pc.TrainStep(pc.Linear(2, 2), pc.SGD(0.1))(x(1, 2) * np.inf, i(1))
pc.SGD(-1)
pc.SGD(0.1, nesterov=True)
pc.Adam(0.1, betas=3)
pc.fit(pc.lenet5(), data, optimizer=pc.SGD(0.1), epochs=0)
pc.fit(pc.lenet5(), data, optimizer=pc.SGD(0.1), epochs=1, loss="mse_loss")
pc.fit(pc.lenet5(), data, optimizer=pc.SGD(0.1), epochs=1, callbacks=3)
pc.fit(pc.lenet5(), (x(2, 1, 28, 28) * np.nan, i(2)), optimizer=pc.SGD(0.1), epochs=1)
pc.evaluate(pc.lenet5(), (x(0, 1, 28, 28), i(0)))
pc.predict(pc.lenet5(), x(3))
pc.Dataset(x(2, 1, 4, 4), i(3))
pc.Dataset(x(2, 1, 4, 4), x(2, 10))
pc.Dataset(x(2, 1, 4, 4), i(2))[0]
recording.explain("nothing")
recording.explain("input[0]")
recording.explain("input[0,0,0,99]")
recording.explain("input[0,")
recording.explain("input[0,0,0,0]")
recording.why("loss", 0)
recording.certify(sample=0)
recording.field("grad(0.weight)[0,0,0,0]")
pc.record(pc.lenet5(), x(1, 1, 28, 28)).commit()
pc.record(pc.lenet5(), x(1, 1, 28, 28), i(1))
pc.load_model(folder)
pc.load_model(folder / "nothing")
pc.load_model(folder / "garbage")
pc.load_model(folder / "cut.safetensors")
pc.load_model(folder / "broken.safetensors")
pc.load_recording(folder / "garbage")
pc.load_recording(folder / "model.safetensors")
pc.data.read_image(folder / "nothing.png", (1, 8, 8))
pc.data.read_image(folder / "garbage", (1, 8, 8))
pc.data.read_image(folder / "garbage", (8, 8))
pc.data.read_photo(folder / "cut.pgm")
pc.data.read_photo(folder / "header.pgm")
pc.data.read_photo(folder / "bits.pbm")
pc.data.read_photo(folder / "cut.tif")
pc.datasets.folder(folder)
pc.datasets.folder(folder / "garbage")
pc.datasets.folder(folder / "nothing", size=0)
pc.datasets.folder(folder / "nothing", validation=1)
pc.datasets.csv(folder / "garbage")
pc.datasets.idx(folder)
pc.datasets.idx(images=folder / "garbage", labels=folder / "garbage")
pc.datasets.cifar10(folder)
pc.datasets.cifar100(folder, labels="some")
pc.datasets.npz(folder / "garbage")
pc.datasets.open(folder / "garbage")
pc.datasets.open(folder / "nothing")
pc.signal.filter_image(x(4, 4), "swirl")
pc.signal.filter_image(x(4, 4), "box", size=4)
pc.signal.filter_image(x(4, 4), "0 1; 2")
pc.signal.filter_image(x(4, 4, 7), "box")
pc.signal.convolve(x(3), x(2, 2))
pc.signal.convolve(x(3), x(0))
pc.signal.convolve(x(3), x(2), mode="some")
pc.signal.convolve(i(3) + 2**62, i(3) + 4)
pc.signal.convolve_continuous(3, abs, 0.0)
pc.signal.convolve_continuous(abs, abs, 0.0)
pc.signal.locality(x(3), x(2), at=9)
pc.confusion(i(2), i(3), 2)
pc.confusion(x(2), i(2), 2)
pc.confusion(i(2), i(2), 0)
pc.Scores(x(2, 2))
pc.Scores(i(2, 3))
pc.Scores.of((x(2, 1, 4, 4), i(2)), x(3, 2))
pc.Scores.of((x(2, 1, 4, 4), i(2)), x(2, 2) * np.nan)
pc.Scores.of(pc.Dataset(x(2, 1, 4, 4), targets=x(2)), x(2, 2))
pc.mistakes((x(2, 1, 4, 4), i(2, 4, 4)), x(2, 3, 4, 4))
pc.mistakes((x(2, 1, 4, 4), i(2)), x(2, 3), -1)
pc.contact_sheet((x(2, 1, 4, 4), i(2)), ())
pc.contact_sheet((x(1, 1, 4, 4), i(1)), pc.mistakes((x(2, 1, 4, 4), i(2) + 1), x(2, 3)))
pc.figures.confusion_matrix(i(3, 3), ["a"])
pc.figures.confusion_matrix(i(300, 300))
pc.saliency(pc.models.lenet5(), x(2, 1, 28, 28), 10)
pc.saliency(pc.models.lenet5(), x(2, 1, 28, 28), [1])
pc.saliency(pc.Conv2d(1, 2, 3), x(1, 1, 4, 4))
pc.grad_cam(pc.models.lenet5(), x(1, 1, 28, 28), 0, "fc1")
pc.grad_cam(pc.models.lenet5(), x(1, 1, 28, 28), 0, "nothing")
pc.grad_cam(pc.Sequential(pc.Flatten(), pc.Linear(16, 3)), x(1, 1, 4, 4))
pc.report(folder / "a", pc.models.lenet5(), (x(1, 1, 28, 28), i(1, 28, 28)))
pc.report(folder / "a", pc.models.lenet5(), (x(1, 1, 28, 28), i(1)), history=3)
pc.report(folder / "a", pc.models.lenet5(), (x(1, 1, 28, 28), i(1)), recipe=3)
pc.report(folder / "a", pc.models.lenet5(), (x(1, 1, 28, 28), i(1)), doubts="one")
pc.report(folder / "no" / "a", pc.models.lenet5(), (x(1, 1, 28, 28), i(1)))
pc.figures.slide(x(40, 40), x(3, 3))
pc.figures.convolution([1, 2], abs)
pc.figures.convolution([1, 2], [3, 4]).save(folder / "film.mov")
pc.check_gradient(3, 4, (x(2),))
pc.check_gradient(lambda a: a * 2, lambda g, a: (g, g), (x(2),))
pc.check_gradient(lambda a: a.astype(int), lambda g, a: g, (x(2),))
pc.check_gradient(lambda a: a * 2, lambda g, a: g * 2, (i(2),))
pc.check_gradient(lambda a: a * 2, lambda g, a: g * 2, (x(2),), lang="kr")
""".strip().splitlines()
COMMANDS = """
explain lenet5 --top 3
explain lenet5 --infer --lr 1
explain nothing --at loss
filter photo.png --output out.png
filter photo.png --output out.png --kernel box
shape 3x8x8
shape input 3x8x8; swirl 3
shape input 3x8x8; conv k3
shape input 3x8x8; conv 4 q3
shape input 3x8x8; dense 4
shape input 3x8x8; conv 4 k9
summary lenet5 --input 28
show slide --input a --kernel 1 --output film.gif
predict lenet5 mnist:many
evaluate nothing
"""


def network(forward):
    """A module that does this."""
    return type("Network", (pc.Module,), {"forward": lambda self, x: forward(x)})()


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the calls are made with."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "garbage").write_bytes(b"nothing at all" * 9)
    pc.save_model(folder / "model.safetensors", "lenet5", {}, pc.models.lenet5())
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:900])
    (folder / "broken.safetensors").write_bytes((20).to_bytes(8, "little") + b'{"a": [1], "a": NaN}')
    (folder / "cut.pgm").write_bytes(b"P5 4 4 255 ab")
    (folder / "header.pgm").write_bytes(b"P5 many")
    (folder / "bits.pbm").write_bytes(b"P1 2 2 0 1 7 1")
    (folder / "cut.tif").write_bytes(b"II*\0\x08\0\0\0")
    step = pc.TrainStep(pc.models.lenet5(), pc.SGD(0.1))
    x, i = ARRAYS["x"], ARRAYS["i"]
    recording = step.record(x(1, 1, 28, 28), i(1))
    data = pc.Dataset(x(2, 1, 28, 28), i(2))
    return {
        "pc": pc,
        "F": F,
        "np": np,
        "network": network,
        "folder": folder,
        "recording": recording,
        "data": data,
    }


def told(error: BaseException) -> str:
    """What the error says, which must be Korean alone."""
    message = str(error)
    rule = message.split(": ", 1)[1]
    assert re.search("[가-힣]", rule), message
    assert not english(rule, alone=False), message
    return message


@pytest.mark.parametrize("call", CALLS)
def test_rooms(call, names, monkeypatch) -> None:
    with pytest.raises(PellucidError) as caught:
        eval(call.replace("pc.lenet5", "pc.models.lenet5"), names | ARRAYS)
    in_english = str(caught.value)
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    assert told(caught.value) != in_english
    assert english(in_english)


@pytest.mark.parametrize("call", LINES[::2])
def test_functions(call, monkeypatch) -> None:
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    with pytest.raises(PellucidError) as caught:
        eval(call, {name: getattr(F, name) for name in dir(F)} | ARRAYS)
    told(caught.value)


@pytest.mark.parametrize("line", COMMANDS.strip().splitlines())
def test_commands(line, run, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    monkeypatch.chdir(tmp_path)
    command, _, rest = line.partition(" ")
    code, out, err = run(command, *([rest] if command == "shape" else rest.split()))
    assert (code, out) == (2, "")
    assert re.search("[가-힣]", err), err
    assert not english(err.split(": ", 2)[2], alone=False), err
