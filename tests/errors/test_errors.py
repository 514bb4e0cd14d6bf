"""The shape of messages, and the built-in kinds that callers may catch."""

from __future__ import annotations

import pytest

from pellucid.errors import (
    AddressError,
    ArgumentError,
    DataError,
    FormatError,
    MissingError,
    NonFiniteError,
    NumericError,
    PellucidError,
    ShapeError,
)


def test_message_has_one_shape() -> None:
    error = ShapeError(
        "conv2d", "input channels must match", expected="C=16", got="C=3", hint="set in_channels=3"
    )
    assert str(error) == "conv2d: input channels must match. Expected C=16. Got C=3. Hint: set in_channels=3."
    assert str(error.at("features.3")).startswith("conv2d 'features.3': input channels must match.")


def test_the_innermost_path_stays() -> None:
    error = ArgumentError("dropout", "p must be a number in [0, 1]").at("block.drop").at("block").at("")
    assert error.path == "block.drop"
    assert error.args == ("dropout 'block.drop': p must be a number in [0, 1].",)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ShapeError, ValueError),
        (ArgumentError, ValueError),
        (AddressError, KeyError),
        (MissingError, ArgumentError),
        (MissingError, AttributeError),
        (DataError, PellucidError),
        (FormatError, PellucidError),
        (NumericError, PellucidError),
        (NonFiniteError, NumericError),
    ],
)
def test_kinds(error: type[PellucidError], kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        raise error("where", "the rule", got="something")
    assert isinstance(caught.value, PellucidError)
    assert str(caught.value) == "where: the rule. Got something."
