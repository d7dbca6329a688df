"""Words of complaint in many languages: opinion, which is shown and never alarms."""

from __future__ import annotations

from detect.wording.quick import Quick

_COMPLAINT = Quick(
    r"\b(?:disappoint\w*|unfair|unacceptable|overpriced|too expensive|refunds?|owes? us"
    r"|not okay|do better|treat (?:them|him|her) better|rip-?off|greedy|shameful|price hike"
    r"|demand (?:an? )?(?:answer|apology|explanation)|(?:must|should|please) explain"
    r"|lost (?:my |some )?trust|hard to (?:defend|justify)|not fair|out of touch|tone-?deaf"
    r"|(?:is|are|feels) (?:a shame|steep|beyond me)|(?:cannot|can't|can not) afford"
    r"|listen to (?:your|the) fans|needs? a statement|no answer|blame the (?:company|agency)"
    r"|nobody asked for|went up by|(?:boycott|skip) (?:this|the) tour)\b"
    r"|실망|납득|너무하|너무 비싸|해명|환불|선을 넘|상식 밖|배려가 없|이해하기 어렵|한숨|씁쓸"
    r"|설명(?:을|이|좀| 좀|해)|근거를 공개|대답을 해|답을 해|피드백|항의|불만"
    r"|사과해|사과하라|비싸|올랐|욕심|배부른|회사 탓|소속사 탓|의견을 들|생각도 안|모자라"
    r"|아닌 것 같다|못 간다|안 가기로"
    r"|納得|高すぎ|がっかり|説明(?:して|しろ|不足|を)|ひどすぎ|返金|謝罪|値上げ|ありえない|失望|ため息"
    r"|さすがにない|おかしいと思|理解できない|強気すぎ|不親切|返事なし|声を聞いて|残念|も高い"
    r"|理由を知りたい|諦めた"
    r"|太贵|太貴|解释|解釋|道歉|退款|寒心|不合理"
    r"|\b(?:decepci\w+|decep[cç]\w+|demasiado caro|muito caro|reembolso|injust\w+|expl[ií]quen"
    r"|kecewa|kemahalan|harus jelasin|terlalu mahal|thất vọng|quá đắt|déçu\w*|trop cher"
    r"|enttäusch\w*|zu teuer)\b|ผิดหวัง|แพงเกิน|разочаров\w*|слишком дорого"
)


def is_complaint(lower: str) -> bool:
    """Whether a text (folded to lower case) complains about something."""
    return _COMPLAINT.found(lower)
