"""How mistakes and warnings begin, and the words of Typer, which knows no other language than English.

Typer has no door for translations, so its words are found by what they are in English: an entry of `TYPER` is a
sentence of its, with `{placeholders}` where it puts something in.
"""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "usage.error": Entry("error: {message}", "오류: {message}"),
    "usage.warning": Entry("warning: {message}", "경고: {message}"),
    "usage.examples": Entry("Examples", "예"),
    "usage.no_memory": Entry("not enough memory", "메모리가 모자랍니다"),
}

TYPER: tuple[Entry, ...] = (
    Entry("Usage: ", "사용법: "),
    Entry("[OPTIONS]", "[옵션]"),
    Entry("COMMAND [ARGS]...", "명령 [인자]..."),
    Entry("Arguments", "인자"),
    Entry("Options", "옵션"),
    Entry("Commands", "명령"),
    Entry("[default: {}]", "[기본값: {}]"),
    Entry("[required]", "[필수]"),
    Entry("Show this message and exit.", "이 도움말을 보여 주고 끝냅니다."),
    Entry("<int>", "<정수>"),
    Entry("<int range>", "<정수>"),
    Entry("<float>", "<실수>"),
    Entry("<float range>", "<실수>"),
    Entry("<bool>", "<스위치>"),
    Entry("<path>", "<경로>"),
    Entry("<str>", "<문자열>"),
    Entry("<list[str]>", "<문자열>"),
    Entry("<list[{names}]>", "<{names}>"),
    Entry(
        "No such command {name}. Did you mean {others}?",
        "그런 명령이 없습니다: {name}. 비슷한 명령: {others}",
    ),
    Entry("No such command {name}.", "그런 명령이 없습니다: {name}"),
    Entry(
        "No such option: {name} (Possible options: {others})",
        "그런 옵션이 없습니다: {name}. 비슷한 옵션: {others}",
    ),
    Entry("No such option: {name}", "그런 옵션이 없습니다: {name}"),
    Entry("Option {name} requires an argument.", "옵션 뒤에 값이 있어야 합니다: {name}"),
    Entry("Option {name} does not take a value.", "값을 받지 않는 옵션입니다: {name}"),
    Entry("Missing argument {name}.", "인자가 빠졌습니다: {name}"),
    Entry("Missing option {name}.", "꼭 있어야 하는 옵션이 빠졌습니다: {name}"),
    Entry("Got unexpected extra argument(s) ({words})", "남는 인자가 있습니다: {words}"),
    Entry("Invalid value for {name}: {problem}", "{name}의 값이 맞지 않습니다. {problem}"),
    Entry("Value error, {value} is not one of {others}.", "필요: {others} 중 하나. 실제: {value}"),
    Entry("Input should be a valid integer, unable to parse string as an integer", "필요: 정수"),
    Entry("Input should be a valid number, unable to parse string as a number", "필요: 수"),
    Entry("Unable to parse input string as an integer, exceeded maximum size", "수가 너무 큽니다"),
    Entry("Input should be greater than or equal to {least}", "필요: {least} 이상"),
    Entry("Input should be less than or equal to {greatest}", "필요: {greatest} 이하"),
)
