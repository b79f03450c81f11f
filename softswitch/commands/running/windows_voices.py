"""The voices of Windows, which applications name in `Speak`: their language and their sex.

The names are those of the settings page of Windows and of its speech interface (SAPI 5), such as
`Microsoft Anna`, `Microsoft Hedda Desktop` and `Microsoft Zira Desktop - English (United States)`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class Sex(StrEnum):
    """How a voice sounds, in the word of the descriptions of voices."""

    FEMALE = "female"
    MALE = "male"


class VoiceWanted(NamedTuple):
    """What a name says of a voice."""

    language: str
    "As in RFC 5646, in lower case; empty where the name says nothing of it."
    sex: Sex | None


_FEMALE = """
    anna:en-us zira:en-us eva:en-us mary:en-us aria:en-us jenny:en-us michelle:en-us hazel:en-gb
    susan:en-gb sonia:en-gb libby:en-gb catherine:en-au linda:en-ca heera:en-in hedda:de-de
    katja:de-de hortense:fr-fr julie:fr-fr denise:fr-fr caroline:fr-ca helena:es-es laura:es-es
    elvira:es-es sabina:es-mx elsa:it-it lucia:it-it heloisa:pt-br maria:pt-br francisca:pt-br
    helia:pt-pt irina:ru-ru huihui:zh-cn yaoyao:zh-cn lili:zh-cn xiaoxiao:zh-cn hanhan:zh-tw
    yating:zh-tw tracy:zh-hk haruka:ja-jp ayumi:ja-jp nanami:ja-jp heami:ko-kr paulina:pl-pl
    noemi:hu-hu hedvig:sv-se helle:da-dk nina:nb-no heidi:fi-fi herena:ca-es
    kalpana:hi-in hoda:ar-eg
"""
_MALE = """
    david:en-us mark:en-us sam:en-us mike:en-us guy:en-us george:en-gb ryan:en-gb james:en-au
    richard:en-ca ravi:en-in sean:en-ie stefan:de-de conrad:de-de michael:de-at karsten:de-ch
    paul:fr-fr claude:fr-ca guillaume:fr-ch pablo:es-es raul:es-mx cosimo:it-it daniel:pt-br
    pavel:ru-ru kangkang:zh-cn zhiwei:zh-tw danny:zh-hk ichiro:ja-jp adam:pl-pl szabolcs:hu-hu
    tamas:hu-hu jakub:cs-cz filip:sk-sk bengt:sv-se jon:nb-no frank:nl-nl bart:nl-be tolga:tr-tr
    stefanos:el-gr asaf:he-il naayf:ar-sa andrei:ro-ro ivan:bg-bg matej:hr-hr lado:sl-si an:vi-vn
    andika:id-id rizwan:ms-my hemant:hi-in valluvar:ta-in pattara:th-th
"""
WINDOWS_VOICES: dict[str, VoiceWanted] = {
    name: VoiceWanted(language, sex)
    for names, sex in ((_FEMALE, Sex.FEMALE), (_MALE, Sex.MALE))
    for name, _, language in (entry.partition(":") for entry in names.split())
}
"By first name in lower case."

SEXES = {"female": Sex.FEMALE, "woman": Sex.FEMALE, "male": Sex.MALE, "man": Sex.MALE}
"Names that say nothing but the sex."

_MAKERS = frozenset({"microsoft", "ms"})
_TAG = re.compile(r"\b([a-z]{2}-[a-z]{2})\b")
_WORD = re.compile(r"[a-z]+")


def voice_wanted(name: str) -> VoiceWanted | None:
    """What a name says of the voice; None where it is no name of a voice of Windows."""
    lower = name.lower()
    words = _WORD.findall(lower)
    if len(words) == 1 and words[0] in SEXES:
        return VoiceWanted("", SEXES[words[0]])
    is_of_windows = bool(words) and words[0] in _MAKERS
    if not is_of_windows and len(words) != 1:
        return None
    known = next((WINDOWS_VOICES[word] for word in words if word in WINDOWS_VOICES), None)
    tag = _TAG.search(lower)
    if known is None:
        return VoiceWanted(tag[1], None) if is_of_windows and tag else None
    return known._replace(language=tag[1]) if tag else known
