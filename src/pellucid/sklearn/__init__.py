"""Networks as estimators of scikit-learn (extra `sklearn`), which is loaded when one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pellucid.errors import ArgumentError

if TYPE_CHECKING:
    from pellucid.sklearn.classifier import CNNClassifier

__all__ = ["CNNClassifier"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from pellucid.sklearn import classifier
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "sklearn":
            raise
        rule, hint = "this needs scikit-learn, which is not installed", "pip install 'pellucid[sklearn]'"
        raise ArgumentError(__name__, rule, hint=hint) from None
    return getattr(classifier, name)


def __dir__() -> list[str]:
    return __all__
