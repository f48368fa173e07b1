"""What the letters of the three scripts stand for, in the signs of `domain.sounds`.

Consonants: `k x g c j z t d n p f b m r l v s S h y`, where x is kh, c is ch, S is sh, and aspirates count as
what they are aspirates of. Vowels: `A I U` long, `a i u` short or of unknown length, `E` a Latin e.
"""

from collections.abc import Mapping
from typing import Final

NUKTA: Final = "\u093c"
VIRAMA: Final = "\u094d"
ANUSVARA: Final = "\u0902"
NASALS: Final = frozenset(f"{ANUSVARA}\u0901\u0903")
"""What stands behind a vowel: two nasals and a breath."""

LATIN_LETTERS: Final[Mapping[str, str]] = {
    "chh": "c", "cch": "c", "ssh": "S", "sch": "S", "tth": "t", "ddh": "d", "kkh": "x",
    "sh": "S", "ch": "c", "kh": "x", "ph": "f", "gh": "g", "th": "t", "dh": "d", "bh": "b", "jh": "j",
    "zh": "z", "ck": "k", "qu": "ku", "gy": "gi", "jn": "gi", "dz": "z",
    "aa": "A", "ee": "I", "ii": "I", "oo": "U", "uu": "U", "ou": "U", "au": "U", "ai": "I", "ei": "I",
    "ay": "I", "ey": "I", "ea": "I", "ie": "I",
    "a": "a", "e": "E", "i": "i", "o": "U", "u": "u", "b": "b", "c": "k", "d": "d", "f": "f", "g": "g",
    "h": "h", "j": "j", "k": "k", "l": "l", "m": "m", "n": "n", "p": "p", "q": "k", "r": "r", "s": "s",
    "t": "t", "v": "v", "w": "v", "x": "kS", "y": "y", "z": "z",
}  # fmt: skip

DEVANAGARI_VOWELS: Final[Mapping[str, str]] = {
    "अ": "a", "आ": "A", "इ": "i", "ई": "I", "उ": "u", "ऊ": "U", "ए": "I", "ऐ": "I", "ओ": "U", "औ": "U",
    "ऑ": "U", "ऍ": "I", "ऋ": "ri",
    "ा": "A", "ि": "i", "ी": "I", "ु": "u", "ू": "U", "े": "I", "ै": "I", "ो": "U", "ौ": "U", "ॉ": "U",
    "ॅ": "I", "ृ": "ri",
}  # fmt: skip

DEVANAGARI_LETTERS: Final[Mapping[str, str]] = {
    "क": "k", "ख": "x", "ग": "g", "घ": "g", "ङ": "n", "च": "c", "छ": "c", "ज": "j", "झ": "j", "ञ": "n",
    "ट": "t", "ठ": "t", "ड": "d", "ढ": "d", "ण": "n", "त": "t", "थ": "t", "द": "d", "ध": "d", "न": "n",
    "प": "p", "फ": "f", "ब": "b", "भ": "b", "म": "m", "य": "y", "र": "r", "ल": "l", "ळ": "l", "व": "v",
    "श": "S", "ष": "S", "स": "s", "ह": "h", "ं": "n", "ँ": "n", "ः": "",
    "क" + NUKTA: "k", "ख" + NUKTA: "x", "ग" + NUKTA: "g", "ज" + NUKTA: "z", "झ" + NUKTA: "z",
    "ड" + NUKTA: "r", "ढ" + NUKTA: "r", "फ" + NUKTA: "f",
}  # fmt: skip

ARABIC_LETTERS: Final[Mapping[str, str]] = {
    "ا": "A", "آ": "A", "أ": "A", "إ": "i", "ب": "b", "پ": "p", "ت": "t", "ٹ": "t", "ث": "s", "ج": "j",
    "چ": "c", "ح": "h", "خ": "x", "د": "d", "ڈ": "d", "ذ": "z", "ر": "r", "ڑ": "r", "ز": "z", "ژ": "z",
    "س": "s", "ش": "S", "ص": "s", "ض": "z", "ط": "t", "ظ": "z", "ع": "", "غ": "g", "ف": "f", "ق": "k",
    "ک": "k", "ك": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ں": "n", "و": "U", "ؤ": "U", "ہ": "h",
    "ه": "h", "ۃ": "A", "ة": "A", "ھ": "", "ء": "", "ی": "I", "ي": "I", "ى": "I", "ے": "I", "ئ": "I",
    "ۓ": "I",
}  # fmt: skip
