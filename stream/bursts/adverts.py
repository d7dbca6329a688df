"""Goods on offer: words of selling in many languages, together with a way to buy."""

from __future__ import annotations

from detect.wording.quick import Quick

_SELL = Quick(
    r"\b(?:lowest price|free shipping|ships? (?:today|now|worldwide)|sale|\d+ ?% off"
    r"|discount\w*|restock(?:ed|s)?|in stock|wholesale|promo code|coupon|cheap(?:est)?|for sale"
    r"|best price|buy (?:now|here|today)|limited stock)\b"
    r"|최저가|할인|특가|당일 ?(?:발송|배송)|무료 ?배송|재입고|대량 ?입고|입고 ?완료|정품"
    r"|세일|판매 ?중|판매합니다|공구"
    r"|最安値|送料無料|割引|在庫あり|即日発送|販売中|お買い得|セール中|入荷"
    r"|特价|特價|包邮|包郵|批发|批發|现货|現貨|优惠|優惠|打折|补货|補貨"
    r"|\b(?:oferta|descuento|env[ií]o gratis|rebajas|desconto|frete gr[aá]tis|promo[cç][aã]o)\b"
    r"|\b(?:diskon|ready stock|gratis ongkir|harga (?:murah|termurah)|jual|giảm giá|sẵn hàng)\b"
    r"|ลดราคา|พร้อมส่ง|ส่งฟรี|ราคาถูก|\b(?:soldes|livraison gratuite|rabatt|versandkostenfrei)\b"
    r"|скидк\w*|распродаж\w*|в наличии|indirim|خصم|تخفيض"
)
_BUY = Quick(
    r"https?://|\bdms?\b|\blink in bio\b|\border\b|\bpm\b|\bwhats ?app\b|\bprice\b"
    r"|[$€£¥₩฿]\s?\d"
    r"|\d\s?(?:원|won|usd|krw|円|元|บาท|rb\b)|디엠|오픈 ?채팅|링크|주문|구매|문의"
    r"|購入|注文|リンク|私信|下单|下單"
)


def is_advert(lower: str, *, linked: bool) -> bool:
    """Whether a text (folded to lower case) offers goods and says how to get them.

    Args:
        linked: whether the post has a link, which is a way to get them.
    """
    if not _SELL.found(lower):
        return False
    return linked or _BUY.found(lower)
