"""What errors say in Korean, by the English sentence: a file for the errors of one room.

Sentences end in -습니다, what stands behind 필요 (expected) and 실제 (got) is a noun, and no particle whose form
depends on the word before it follows a placeholder. Names in code keep their letters.
"""

from pellucid.errors.korean import (
    augment,
    command_line,
    data,
    data_sets,
    doctor,
    engine,
    explain,
    figures,
    formats,
    ground,
    nn,
    ops,
    pictures,
    review,
    runs,
    signal,
    sklearn,
    system,
    train,
)

_ROOMS = (
    ground,
    ops,
    nn,
    engine,
    train,
    review,
    runs,
    explain,
    data,
    augment,
    data_sets,
    pictures,
    formats,
    signal,
    figures,
    sklearn,
    doctor,
    command_line,
    system,
)
SENTENCES: dict[str, str] = {english: korean for room in _ROOMS for english, korean in room.SENTENCES.items()}
