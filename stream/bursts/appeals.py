"""Calls to report posts or accounts: what fans do against defamation, and quote it for.

Such a call repeats the words it is directed against, so that it reads like harm.
It is told from harm by what it asks for: to report something that others wrote.
Asking to report alone is not enough (a smear may ask to report its victim): the
same text must also name what is to be reported, or ask to protect somebody, or
to leave the post unanswered.
"""

from __future__ import annotations

from detect.wording.quick import Quick

_REPORT = Quick(
    r"\breport(?!er)(?:ed|ing)?\b(?! (?:says?|that|claims?|of|about|from|by))"
    r"|\bmass[- ]report|\bflag (?:it|this|them|these)\b|\bkwangya ?119"
    r"|신고|제보|고소|고발|통보해|채증|\bpdf ?따|通報|報告|告発|開示請求"
    r"|举报|舉報|检举|檢舉|反黑|投诉|投訴"
    r"|\breport(?:ar|en|a|ad|emos|ado|ada)\b|\bdenunci\w+|\bsignal(?:er|ez|ons|é)\b"
    r"|\b(?:laporkan|dilaporkan|lapor|report akun)\b|รีพอร์ต|รายงาน|แจ้งลบ|ช่วยกันรี"
    r"|\b(?:báo cáo|tố cáo)\b|\bi-?report\b|\bşikayet\w*|\bmelden\b|\bsegnala\w*"
    r"|пожал(?:уй|ов)\w*|жалоб\w*|بلّ?غوا|بلاغ|ابلاغ|إبلاغ"
)
_WHAT = Quick(
    r"\b(?:accounts?|posts?|tweets?|videos?|comments?|users?|channels?|threads?"
    r"|hate|haters|antis?|rumou?rs?|misinformation|defam\w+|malicious\w*)\b"
    r"|계정|게시물|게시글|글들|트윗|영상|댓글|악플|악성|허위|루머|명예 ?훼손|유포"
    r"|アカウント|垢|投稿|ポスト|ツイート|動画|コメント|誹謗|中傷|デマ|アンチ"
    r"|账号|帳號|账户|帖子|貼文|视频|影片|评论|評論|谣言|謠言|黑粉|造谣|造謠"
    r"|\b(?:cuentas?|contas?|publicaci\w+|publica[cç]\w+|comentarios?|rumores|mentiras|odio|ódio)\b"
    r"|\b(?:akun|postingan|komentar|unggahan|fitnah|hoaks?)\b|บัญชี|แอคเคาท์|แอค|โพสต์|คอมเมนต์"
    r"|\b(?:tài khoản|bài viết|bình luận)\b|\b(?:hesap|hesab|gönderi)\w*|аккаунт\w*|пост\w*"
    r"|\b(?:comptes?|konten|kommentare?|beitr[aä]ge?)\b|حساب|الحسابات|منشور"
)
_SPARE = Quick(
    r"\bprotect|\bdefend|\bsupport us\b|\b(?:do not|don'?t|no) (?:quote|reply|replies|quotes"
    r"|engage|interact|rt|retweet)|\bblock\b"
    r"|지켜|지키자|지킵|보호|차단|인용 ?금지|답글 ?금지|멘션 ?금지|언급 ?금지|선처 ?없"
    r"|守ろう|守って|守る|守りたい|ブロック|引用(?:rt)?(?:しない|禁止|せず)|反応しない"
    r"|保护|保護|守护|守護|拉黑|不要(?:回复|转发|引用)|勿回"
    r"|\bproteg\w+|\bproteja\w*|\bbloque\w+|\bno (?:citen|respondan)|\blindungi\b|\bblokir\b"
    r"|ปกป้อง|บล็อก|\bbảo vệ\b|\bchặn\b|\bkoru\w*|защит\w*|\bprotég\w+|\bsch[uü]tz\w*|احمو|حماية"
)


def is_appeal(lower: str) -> bool:
    """Whether a text (folded to lower case) asks to report what others wrote.

    Hashtags are part of the text: ``#protect_name`` asks to protect.
    """
    if not _REPORT.found(lower):
        return False
    plain = lower.replace("_", " ")
    return _WHAT.found(plain) or _SPARE.found(plain)
