"""An augmentation's settings: checked, printed as a call and as words, read from words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pellucid as pc
from pellucid.errors import ArgumentError, SignatureError

SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "resized_crop": st.tuples(st.floats(0.001, 0.5), st.floats(0.5, 1)),
        "ratio": st.tuples(st.floats(0.01, 1), st.floats(1, 100)),
        "flip": st.sampled_from([False, True, "alternating"]),
        "flip_vertical": st.booleans(),
        "rotate": st.floats(0, 180),
        "translate": st.one_of(st.floats(0, 1.7e308), st.integers(0, 9)),
        "padding_mode": st.sampled_from(["zeros", "reflect"]),
        "cutout": st.integers(0, 999),
        "brightness": st.floats(0, 9),
        "mixup": st.floats(0, 9),
    },
)


@example({"translate": 1e9})
@example({"translate": 2.0**31, "mixup": 1e16})
@given(SETTINGS)
def test_what_is_printed_is_read_again(settings):
    if not settings.get("resized_crop"):
        settings.pop("ratio", None)
    if not settings.get("rotate") and not settings.get("translate"):
        settings.pop("padding_mode", None)
    augment = pc.Augment(**settings)
    assert pc.Augment.from_text(str(augment)) == augment
    assert eval(repr(augment), {"Augment": pc.Augment}) == augment


def test_settings_print_as_they_are_written():
    augment = pc.Augment(flip="alternating", rotate=7.5, brightness=0.2, resized_crop=(0.5, 1), ratio=(1, 2))
    expected = "resized_crop=(0.5, 1), ratio=(1, 2), flip='alternating', rotate=7.5, brightness=0.2"
    assert repr(augment) == f"Augment({expected})"
    assert str(augment) == "resized_crop 0.5 1; ratio 1 2; flip alternating; rotate 7.5; brightness 0.2"
    assert (repr(pc.Augment()), str(pc.Augment())) == ("Augment()", "nothing")
    assert pc.Augment(crop=None) == pc.Augment(crop=0) == pc.Augment.from_text(" nothing ")
    assert hash(pc.Augment(crop=np.int64(4))) == hash(pc.Augment.from_text("crop 4"))
    with pytest.raises(AttributeError):
        augment.crop = 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"crop": -1}, "Augment: crop must be a whole number of pixels. Expected 0 ≤ crop < 2³¹. Got crop=-1."),
        ({"crop": True}, "Augment: crop must be a whole number of pixels. Expected 0 ≤ crop < 2³¹. Got crop=True."),
        ({"cutout": 2.5}, "Augment: cutout must be a whole number of pixels. "
         "Expected 0 ≤ cutout < 2³¹. Got cutout=2.5."),
        ({"rotate": 181}, "Augment: rotate must be a number in [0, 180]. Got rotate=181."),
        ({"translate": "2"}, "Augment: translate must be a number in [0, inf). Got translate='2'."),
        ({"mixup": float("nan")}, "Augment: mixup must be a number in [0, inf). Got mixup=nan."),
        ({"flip": 1}, "Augment: flip must be True or False. Got flip=1."),
        ({"flip": "often"}, "Augment: flip has no such value. Expected one of 'alternating'. Got flip='often'."),
        ({"padding_mode": "wrap"}, "Augment: padding_mode has no such value. "
         "Expected one of 'zeros', 'reflect'. Got padding_mode='wrap'."),
        ({"resized_crop": 0.5}, "Augment: resized_crop must be two numbers, the least and the most. "
         "Got resized_crop=0.5."),
        ({"resized_crop": (0, 1)}, "Augment: resized_crop[0] must be a number in (0, 1]. Got resized_crop[0]=0."),
        ({"ratio": (2, 1)}, "Augment: ratio must be two numbers, the least and the most. "
         "Expected ratio[0] ≤ ratio[1]. Got ratio=(2, 1)."),
        ({"ratio": (1, 2), "crop": 3}, "Augment: ratio has nothing to act on. Expected one of resized_crop. "
         "Got crop=3, ratio=(1, 2)."),
        ({"padding_mode": "reflect"}, "Augment: padding_mode has nothing to act on. "
         "Expected one of crop, rotate, translate. Got padding_mode='reflect'."),
        ({"crop": 1, "resized_crop": (0.5, 1)}, "Augment: an image has one crop. "
         "Expected one of crop, resized_crop. Got crop=1, resized_crop=(0.5, 1)."),
    ],
)  # fmt: skip
def test_settings_are_checked(settings, said):
    with pytest.raises(ArgumentError) as caught:
        pc.Augment(**settings)
    assert str(caught.value) == said


def test_there_are_no_other_settings():
    with pytest.raises(SignatureError, match="Augment: there is no setting 'hue'"):
        pc.Augment(hue=0.1)
    with pytest.raises(SignatureError, match="too many positional arguments"):
        pc.Augment(4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("crop", " 'piece 1, crop': crop has another value. Expected a number after it. Got 'crop'"),
        ("flip; crop x", " 'piece 2, crop x': crop has another value. Expected a number after it. Got 'crop x'"),
        ("resized_crop 0.5", " 'piece 1, resized_crop 0.5': resized_crop has another value. "
         "Expected two numbers after it. Got 'resized_crop 0.5'"),
        ("flip twice", " 'piece 1, flip twice': flip has another value. "
         "Expected one of flip, flip alternating. Got 'flip twice'"),
        ("flip; flip", " 'piece 2, flip': a setting is given once. Got 'flip'"),
        (3, ": an augmentation is a text. Got int"),
    ],
)  # fmt: skip
def test_texts_that_are_not_understood(text, said):
    with pytest.raises(ArgumentError) as caught:
        pc.Augment.from_text(text)
    assert str(caught.value) == f"augment{said}. Hint: such as crop 4; flip; cutout 8."


@pytest.mark.parametrize(
    "text", ["", ";", "crop 4;", "crop -4", "crop 1e999", "crop 99999999999", "crop 4.5", "rotate ٣"]
)
def test_odd_texts_are_refused(text):
    with pytest.raises(ArgumentError):
        pc.Augment.from_text(text)
