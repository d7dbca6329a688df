"""Letters of other scripts that look like Latin ones (after Unicode TR39 confusables)."""

from __future__ import annotations

_RANGES = ((0x370, 0x3FF), (0x400, 0x482), (0x48A, 0x58F), (0x13A0, 0x13FF))
SCRIPTS = "".join(f"{chr(first)}-{chr(last)}" for first, last in _RANGES)
"""Greek, Cyrillic, Armenian and Cherokee, as ranges of a character class."""

_PAIRS = (
    # Cyrillic
    "АA ВB СC ЕE НH ІI ЈJ КK МM ОO РP ЅS ТT ХX ҮY УY ԌG ԜW ԚQ ӀI "
    "аa вb сc еe һh іi јj кk мm оo рp ԛq ѕs тt ѵv ԝw хx уy үy ԁd ӏl "
    # Greek
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ϹC "
    "αa βb εe ηn ιi κk νv οo ρp τt υu χx ωw ϲc ϳj σo "
    # Armenian
    "ՍU ՏS ՕO աw գq հh ո\u006e սu օo ց\u0067 ք\u0066 "
    # Cherokee
    "ᎪA ᏴB ᏟC ᎠD ᎬE ᏀG ᎻH ᎫJ ᏦK ᏞL ᎷM ᏢP ᎡR ᏚS ᎢT ᏙV ᎳW ᏃZ"
)
LOOKALIKES = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
"""What such a letter looks like; applied only where a disguise is likely."""

GENUINE = "".join(
    chr(code)
    for first, last in _RANGES
    for code in range(first, last + 1)
    if code not in LOOKALIKES
)
"""Characters of these scripts that look like no Latin letter: the script is really used."""

_SMALL_CAPITALS = zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
ALWAYS = {
    **{ord(small): letter for small, letter in _SMALL_CAPITALS},
    **{0x1F150 + i: letter for i, letter in enumerate(_LETTERS)},
    **{0x1F170 + i: letter for i, letter in enumerate(_LETTERS)},
    **{ord(a): b for a, b in zip("ıȷɑɡɩ", "ijagi", strict=True)},
}
"""Styled forms of Latin letters that NFKC leaves alone; they mean the letter anywhere."""
