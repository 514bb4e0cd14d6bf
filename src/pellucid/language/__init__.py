"""What Pellucid says to people, in English and Korean, from one catalogue."""

from pellucid.language.catalogue import ENVIRONMENT, LANGUAGES, Message, chosen, sentence, text, told
from pellucid.language.formulas import worded

__all__ = ["ENVIRONMENT", "LANGUAGES", "Message", "chosen", "sentence", "text", "told", "worded"]
